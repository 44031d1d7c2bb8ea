import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { directoryStorage, RecoveryImageManager, RestorePlan } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import type { TestServer } from '../../support/servers/index.ts'

// A process that restores, to be killed.
interface Order extends Pick<TestServer, 'connection' | 'clientPrograms'> {
  readonly folder: string
  readonly planFile: string
}

const order = JSON.parse(await text(process.stdin)) as Order
const manager = await RecoveryImageManager.open({ storage: directoryStorage(order.folder) })
const plan = RestorePlan.fromJSON(JSON.parse(await readFile(order.planFile, 'utf8')))
await using server = await connect(order as unknown as TestServer)
await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
