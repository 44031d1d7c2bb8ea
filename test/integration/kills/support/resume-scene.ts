import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { PitrError } from '../../../../src/index.ts'
import type { Durability, RestoreOptions, RestorePlan, RestoreReport } from '../../../../src/index.ts'
import type { Session } from '../../../../src/server/session.ts'
import type { OperationOptions } from '../../../../src/options.ts'
import { endOf, startChild } from '../../../support/child/child.ts'
import { connect } from '../../../support/connect.ts'
import { expectPitrError } from '../../../support/expect-pitr-error.ts'
import { flavor } from '../../../support/flavor.ts'
import { startServer } from '../../../support/servers/index.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { prepare } from '../../restore/support/prepared.ts'
import type { Prepared } from '../../restore/support/prepared.ts'
import { checksums, run } from '../../restore/support/query.ts'
import { settings } from '../../restore/support/target-state.ts'
import { AFTER, BEFORE } from './resumable-history.ts'

/** Fewer than a replay takes, and more than the first file. */
const BATCHES = 7

type ReplayOptions = Pick<RestoreOptions, 'durability' | 'preserveTransactions'>
type Options = OperationOptions & ReplayOptions & Pick<RestoreOptions, 'replayer' | 'isolation'>

/** A plan, and a target on which it is restored by the direct replayer, again and again. */
export class ResumeScene implements AsyncDisposable {
  readonly prepared: Prepared
  readonly target: TestServer
  /** What a restore that nobody stopped reported. */
  readonly undisturbed: RestoreReport
  /** What the source holds. */
  readonly content: Readonly<Record<string, unknown>>
  /** Settings of the target. */
  readonly before: Readonly<Record<string, string>>

  private constructor(
    prepared: Prepared,
    target: TestServer,
    undisturbed: RestoreReport,
    content: Readonly<Record<string, unknown>>,
    before: Readonly<Record<string, string>>,
  ) {
    this.prepared = prepared
    this.target = target
    this.undisturbed = undisturbed
    this.content = content
    this.before = before
  }

  /** Makes it, of servers with these options. */
  static async make(options: {
    readonly source: readonly string[]
    readonly target: readonly string[]
  }): Promise<ResumeScene> {
    const [prepared, target] = await Promise.all([
      prepare({ options: options.source, before: BEFORE, after: AFTER }),
      startServer(flavor, { options: options.target }),
    ])
    const before = await settings(target)
    const undisturbed = await restore(prepared, target)
    const scene = new ResumeScene(prepared, target, undisturbed, await checksums(prepared.source, 'shop'), before)
    await expectWhole(scene)
    return scene
  }

  /** The same servers and archive, with another plan. */
  async withPlan(plan: RestorePlan): Promise<ResumeScene> {
    const { target, before } = this
    const prepared = { ...this.prepared, plan }
    const undisturbed = await restore(prepared, target)
    const scene = new ResumeScene(prepared, target, undisturbed, await checksums(target, 'shop'), before)
    await expectWhole(scene)
    return scene
  }

  /** At once; the server may need a moment to notice that what was there before is gone. */
  async restore(options: Options = {}, onStatement?: (sql: string) => void): Promise<RestoreReport> {
    for (;;) {
      try {
        return await restore(this.prepared, this.target, options, onStatement)
      } catch (error) {
        if (!(error instanceof PitrError) || error.code !== 'TargetBusy') throw error
        await sleep(20)
      }
    }
  }

  /** Restores, and stops it behind so many batches. */
  async stopMidway(options: Options = {}, batches: number = BATCHES): Promise<void> {
    const stop = new AbortController()
    let committed = 0
    const onStatement = (sql: string): void => {
      if (sql === 'COMMIT' && ++committed === batches) stop.abort()
    }
    await expectPitrError(this.restore({ ...options, signal: stop.signal }, onStatement), { code: 'Aborted' })
  }

  /** Restores in a process that is killed so long behind the beginning of the replay; then once more, maybe otherwise. */
  async killClient(delayMs: number, first: ReplayOptions, then: ReplayOptions): Promise<RestoreReport | undefined> {
    const { prepared, target: server } = this
    const kill = { phase: 'restore:replay', step: 1, delayMs } as const
    const input = { server, plan: prepared.plan, replayer: 'direct', ...first, kill } as const
    await endOf(startChild('restore', prepared.folder, input))
    return await this.#finish(then)
  }

  /** Restores while the target is killed so long behind the beginning of the replay; then once more. */
  async killServer(delayMs: number, durability: Durability): Promise<RestoreReport | undefined> {
    let killed = Promise.resolve()
    const kill = async (): Promise<void> => {
      await sleep(delayMs)
      await this.target.kill('SIGKILL')
    }
    const restored = this.restore({
      durability,
      onProgress: ({ kind, status }) => {
        if (kind === 'restore:replay' && status === 'started') killed = kill()
      },
    })
    const [end] = await Promise.allSettled([restored])
    await killed
    await this.target.restart()
    if (end.status === 'rejected' && !isLost(end.reason)) throw end.reason
    return await this.#finish({ durability })
  }

  /** Nothing, when it came to its end before it was killed. */
  async #finish(options: ReplayOptions): Promise<RestoreReport | undefined> {
    const marked = await run(this.target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])
    const tables = Object.keys(await checksums(this.target, 'shop'))
    return marked.length === 0 && tables.length > 0 ? undefined : await this.restore(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.target[Symbol.asyncDispose]()
    await this.prepared[Symbol.asyncDispose]()
  }
}

/** The target holds all of it and is as it was before; it is emptied then. */
export async function expectWhole(scene: ResumeScene, report: RestoreReport = scene.undisturbed): Promise<void> {
  const { target, prepared } = scene
  expect(report).toMatchObject({ ...prepared.plan.replayed, isolation: 'lifted' })
  expect(report.executedGtids).toBe(scene.undisturbed.executedGtids)
  expect(await checksums(target, 'shop')).toEqual(scene.content)
  expect(await settings(target)).toEqual(scene.before)
  expect(await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])).toEqual([])
  const [row] = await run(target, ['SELECT @@GLOBAL.log_bin AS logs'])
  const forget = {
    mysql: ['RESET BINARY LOGS AND GTIDS'],
    mariadb: [...(row!['logs'] === 1 ? ['RESET MASTER'] : []), "SET GLOBAL gtid_slave_pos = ''"],
  }[flavor]
  await run(target, ['DROP DATABASE shop', ...forget])
}

function isLost(error: unknown): boolean {
  return error instanceof PitrError && (error.code === 'ReplayFailed' || error.code === 'ConnectionFailed')
}

async function restore(
  { manager, plan }: Prepared,
  target: TestServer,
  options: Options = {},
  onStatement: (sql: string) => void = () => undefined,
): Promise<RestoreReport> {
  await using connected = await connect(target)
  const openByteSession = async (): Promise<Session> => {
    const session = await connected.openByteSession()
    const query = session.query.bind(session)
    session.query = async (sql, values) => {
      const rows = await query(sql, values)
      onStatement(sql)
      return rows
    }
    return session
  }
  const server = { ...connected, openByteSession }
  return await manager.restore(plan, {
    into: { kind: 'server', server },
    accounts: 'none',
    replayer: 'direct',
    ...options,
  })
}
