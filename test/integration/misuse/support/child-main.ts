// A process that a test starts, to be killed or to run as another user. It says on standard output how far it is, or
// which error it ended with.
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  connectServer,
  directoryStorage,
  localHost,
  mysqldump,
  PitrError,
  RecoveryImageManager,
} from '../../../../src/index.ts'
import type { ServerOptions, Storage } from '../../../../src/index.ts'

/** What the parent hands over on standard input for `backup`. */
export interface BackupInput {
  readonly connection: ServerOptions['connection']
  readonly path: readonly string[]
}

const [operation, folder = ''] = process.argv.slice(2)
const storage = directoryStorage(folder)
try {
  if (operation === 'create') await RecoveryImageManager.create({ storage })
  if (operation === 'open') await RecoveryImageManager.open({ storage })
  if (operation === 'backup') await backUp()
  process.stdout.write('{}')
} catch (error) {
  process.stdout.write(JSON.stringify(error instanceof PitrError ? error : { code: String(error) }))
}

async function backUp(): Promise<void> {
  const { connection, path } = JSON.parse(await text(process.stdin)) as BackupInput
  const manager = await RecoveryImageManager.open({ storage: stuckInDump(storage) })
  await using server = await connectServer({ connection, tools: { host: localHost({ path }) } })
  await manager.backup(server, { method: mysqldump() })
}

// Takes some bytes of the dump and then no more, so that there is a middle to be killed in.
function stuckInDump(storage: Storage): Storage {
  return {
    description: storage.description,
    list: (...args) => storage.list(...args),
    read: (...args) => storage.read(...args),
    stat: async (...args) => await storage.stat(...args),
    delete: async (...args) => await storage.delete(...args),
    write: async (key, body, options) =>
      await storage.write(key, key.includes('/backup/') ? stuck(key, body) : body, options),
  }
}

async function* stuck(key: string, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk
    process.stdout.write(`writing ${key}\n`)
    await sleep(600_000)
  }
}
