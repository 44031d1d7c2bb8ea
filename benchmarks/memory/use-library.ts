// node use-library.ts <index.js of the built library> <archive> archive|restore: does one thing in a process of its own, and
// prints the memory it took. How to connect comes from standard input.
import { text } from 'node:stream/consumers'
import type * as Library from '../../src/index.ts'

const [library = '', place = '', what = ''] = process.argv.slice(2)
const { connectServer, directoryStorage, localHost, RecoveryImageManager } = (await import(library)) as typeof Library
const { connection, path } = JSON.parse(await text(process.stdin)) as {
  readonly connection: Library.ServerOptions['connection']
  readonly path: readonly string[]
}
await using server = await connectServer({ connection, tools: { host: localHost({ path }) } })
await using manager = await RecoveryImageManager.open({ storage: directoryStorage(place) })
if (what === 'archive') {
  await manager.archive(server)
} else {
  const plan = await manager.plan({ kind: 'latest' })
  await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
}
process.stdout.write(JSON.stringify({ maxRssKibibytes: process.resourceUsage().maxRSS }))
