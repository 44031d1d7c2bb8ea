// A process that a test starts, to be killed or to run as another user. It says on standard output how far it is, or
// which error it ended with.
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { directoryStorage, mysqldump, PitrError, RecoveryImageManager, RestorePlan } from '../../../src/index.ts'
import type { Progress, ProgressKind, RestoreOptions, Server, Storage } from '../../../src/index.ts'
import { connect } from '../connect.ts'
import type { TestServer } from '../servers/index.ts'
import { stoppingAt } from '../stopping-at.ts'
import type { AtStatement } from '../stopping-at.ts'

/** What the parent hands over on standard input for everything that needs a server. */
export interface ChildInput {
  /** Only what can be written as JSON. */
  readonly server: Pick<TestServer, 'connection' | 'clientPrograms' | 'toolsConnection'>
  /** The plan, for `restore`. */
  readonly plan?: unknown
  /** Takes some bytes of the dump and then no more, so that there is a middle to be killed in. */
  readonly stuck?: boolean | undefined
  /** When it kills itself, with a signal that no code of it sees: so long after so many steps. */
  readonly kill?: Moment | undefined
  /** Or at this statement. */
  readonly killAt?: AtStatement | undefined
  /** How a log is replayed. */
  readonly replayer?: RestoreOptions['replayer']
  readonly durability?: RestoreOptions['durability']
  readonly preserveTransactions?: RestoreOptions['preserveTransactions']
}

/** A moment in the life of a child. A step is the beginning or the end of a storage operation, or a progress report. */
export interface Moment {
  readonly step: number
  readonly delayMs: number
  /** The phase whose beginning is the first step. @default the beginning of the child */
  readonly phase?: ProgressKind | undefined
}

/** What a child says that came to its end. */
export interface Finished {
  readonly steps: number
  readonly elapsedMs: number
}

const [operation, folder = ''] = process.argv.slice(2)
const storage = directoryStorage(folder)
try {
  if (operation === 'create') await RecoveryImageManager.create({ storage })
  else if (operation === 'open') await RecoveryImageManager.open({ storage })
  else process.stdout.write(JSON.stringify(await work(JSON.parse(await text(process.stdin)))))
} catch (error) {
  process.stdout.write(JSON.stringify(error instanceof PitrError ? error : { code: String(error) }))
}

async function work(input: ChildInput): Promise<Finished> {
  const { server: address, stuck, kill, killAt } = input
  await using connected = await connect(address as TestServer)
  const server = killAt === undefined ? connected : stoppingAt(connected, killAt, () => dieAfter(0))
  const startedAt = performance.now()
  let steps = 0
  let isIn = kill?.phase === undefined
  const onStep = (progress?: Progress): void => {
    isIn ||= progress?.kind === kill?.phase
    if (!isIn) return
    steps++
    if (steps === kill?.step) dieAfter(kill.delayMs)
  }
  const manager = await RecoveryImageManager.open({
    storage: stuck === true ? stuckInDump(storage) : watched(storage, onStep),
    onProgress: onStep,
  })
  await run(manager, server, input)
  return { steps, elapsedMs: performance.now() - startedAt }
}

async function run(
  manager: RecoveryImageManager,
  server: Server,
  { plan, replayer, durability, preserveTransactions }: ChildInput,
): Promise<unknown> {
  switch (operation) {
    case 'backup':
      return await manager.backup(server, { method: mysqldump() })
    case 'archive':
      return await manager.archive(server)
    case 'restore':
      return await manager.restore(RestorePlan.fromJSON(plan), {
        into: { kind: 'server', server },
        accounts: 'none',
        replayer,
        durability,
        preserveTransactions,
      })
    default:
      throw new Error(`no operation ${operation}`)
  }
}

function dieAfter(delayMs: number): void {
  if (delayMs === 0) process.kill(process.pid, 'SIGKILL')
  else setTimeout(() => process.kill(process.pid, 'SIGKILL'), delayMs)
}

function watched(inner: Storage, onStep: () => void): Storage {
  const around = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    onStep()
    const result = await call()
    onStep()
    return result
  }
  const along = async function* <Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    onStep()
    yield* items
    onStep()
  }
  return {
    description: inner.description,
    list: (...args) => along(inner.list(...args)),
    read: (...args) => along(inner.read(...args)),
    write: async (...args) => await around(async () => await inner.write(...args)),
    stat: async (...args) => await around(async () => await inner.stat(...args)),
    delete: async (...args) => await around(async () => await inner.delete(...args)),
  }
}

function stuckInDump(inner: Storage): Storage {
  return {
    ...watched(inner, () => undefined),
    write: async (key, body, options) =>
      await inner.write(key, key.includes('/backup/') ? stuckBody(key, body) : body, options),
  }
}

async function* stuckBody(
  key: string,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk
    process.stdout.write(`writing ${key}\n`)
    await sleep(600_000)
  }
}
