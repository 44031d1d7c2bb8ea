// A process that makes a private file in a container and one of its own, says where, and waits to be killed.
import { setTimeout as sleep } from 'node:timers/promises'
import { containerHost, localHost } from '../../../src/index.ts'

const container = process.argv[2] ?? ''
const inContainer = await containerHost({ container }).privateFile('secret')
const local = await localHost().privateFile('secret')
process.stdout.write(`${inContainer.path} ${local.path}\n`)
await sleep(600_000)
