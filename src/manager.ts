import { Archive } from './archive/archive.ts'
import type { Timeline } from './archive/archive.ts'
import { archiveOnce } from './archive/archiver/archive-once.ts'
import type { ArchiveReport } from './archive/archiver/archive-once.ts'
import type { FoundTransaction, TransactionFilter } from './archive/find-transactions.ts'
import { searchLog } from './archive/search-log.ts'
import { backUp } from './backup/back-up.ts'
import type { BackupOptions } from './backup/back-up.ts'
import { ImageSequence } from './image/image-sequence.ts'
import type { RecoveryImage } from './image/recovery-image.ts'
import { RecoveryWindow } from './image/recovery-window.ts'
import type { RestorePlan } from './image/restore-plan.ts'
import type { RestoreTarget } from './image/restore-target.ts'
import type { TimelineFacts } from './image/timeline-facts.ts'
import type { OperationOptions } from './options.ts'
import { makePlan } from './restore/make-plan.ts'
import type { PlanOptions } from './restore/plan/plan-options.ts'
import { restore } from './restore/restore.ts'
import type { RestoreOptions } from './restore/restore.ts'
import type { RestoreReport } from './restore/restore-report.ts'
import type { Server } from './server/server.ts'
import type { Storage } from './storage/storage.ts'

/** Where an archive lies. */
export interface ArchiveOptions extends OperationOptions {
  /** The storage that holds the archive of one database, such as `directoryStorage('/backups/shop')`. */
  readonly storage: Storage
}

/**
 * The archive of one database and all that can be done with it: take recovery images, archive binary logs, see which
 * moments can be restored, plan, restore. A facade: the work is done in the rooms below.
 *
 * Signal, progress and logger given to {@link RecoveryImageManager.create} or {@link RecoveryImageManager.open} hold for
 * every operation that is not given its own.
 *
 * @example
 * ```ts
 * await using manager = await RecoveryImageManager.open({ storage: directoryStorage('/backups/shop') })
 * const plan = await manager.plan({ kind: 'time', at: '2026-11-21T10:15:30Z' })
 * console.log(plan.toText())
 * ```
 */
export class RecoveryImageManager implements AsyncDisposable {
  readonly #archive: Archive
  readonly #defaults: OperationOptions

  private constructor(archive: Archive, { signal, onProgress, logger }: OperationOptions) {
    this.#archive = archive
    this.#defaults = { signal, onProgress, logger }
  }

  /** Makes a new, empty archive. Throws `ArchiveExists` when there is one: nothing existing is overwritten. */
  static async create(options: ArchiveOptions): Promise<RecoveryImageManager> {
    return new RecoveryImageManager(await Archive.create(options.storage, options), options)
  }

  /** Opens an archive. Throws `ArchiveNotFound` when there is none: a mistyped path never makes one. */
  static async open(options: ArchiveOptions): Promise<RecoveryImageManager> {
    return new RecoveryImageManager(await Archive.open(options.storage, options), options)
  }

  /** The recovery images, oldest first; exactly the last one is open. Empty before the first backup. */
  async images(options?: OperationOptions): Promise<ImageSequence> {
    return ImageSequence.of(await this.#facts(options))
  }

  /** Which moments can be restored. Throws `NoImage` before the first backup. */
  async window(options?: OperationOptions): Promise<RecoveryWindow> {
    return RecoveryWindow.of(await this.#facts(options))
  }

  /**
   * Finds transactions in the archived log, in its order: "which one was the DROP?" Where log is missing in which one may
   * lie, by the commit times around it, it throws `BrokenChain` with the range, behind what it found before; a search
   * with `from` or `to` on one side of the range does not meet it.
   *
   * @example
   * ```ts
   * for await (const found of manager.transactions({ table: 'shop.orders', from: '2026-11-21T10:00:00Z' })) {
   *   console.log(String(found.commitTime), found.gtid, found.kind, found.rows)
   *   // manager.plan(found.before) is the moment just before it
   * }
   * ```
   */
  async *transactions(
    filter: TransactionFilter = {},
    options?: OperationOptions,
  ): AsyncGenerator<FoundTransaction, void, undefined> {
    yield* searchLog(this.#archive, await this.#facts(options), filter, this.#with(options))
  }

  /**
   * Takes a backup: opens a new recovery image and thereby closes the one before. The log through the end of the backup is
   * archived with it. The first backup fixes which server the archive belongs to; later ones of another server are
   * refused with `ForeignServer`. Fails with what the preflight finds, `NonTransactionalTable`, `DdlDuringBackup` and
   * others; a backup that fails or is killed leaves no image.
   */
  async backup(server: Server, options: BackupOptions): Promise<RecoveryImage> {
    const id = await backUp(this.#archive, server, { ...this.#with(options), method: options.method })
    const sequence = await this.images(options)
    return sequence.get(id)
  }

  /**
   * Ships what is new in the server's binary log, once, the active file included. Idempotent and resumable. Throws
   * `NoImage` before the first backup, `ForeignServer`, `HistoryDiverged` or `BinlogGap` when the server's log does not go
   * on where the archive ends.
   */
  async archive(server: Server, options?: OperationOptions): Promise<ArchiveReport> {
    const timeline = await this.#timeline()
    return await archiveOnce(this.#archive, timeline, server, { ...this.#with(options), firstFile: undefined })
  }

  /**
   * Says how a target would be reached, touching no server. The plan can be read, saved as JSON, approved and restored
   * elsewhere. Throws `TargetBeforeWindow`, `TargetBeyondWindow`, `AmbiguousTime`, `NotABoundary`, `TransactionNotFound`,
   * `BrokenChain` or `Unreplayable`; never falls back to another target.
   *
   * @example
   * ```ts
   * // Everything up to now, but not the DELETE
   * const plan = await manager.plan({ kind: 'latest' }, { skip: [theDelete] })
   * ```
   */
  async plan(target: RestoreTarget, options?: PlanOptions): Promise<RestorePlan> {
    return await makePlan(this.#archive, await this.#soundFacts(options), target, {
      ...options,
      ...this.#with(options),
    })
  }

  /**
   * Restores a plan and proves it. The target must be empty, or carry the mark of an earlier try of this very plan. Before
   * anything is written the plan, its chain and every byte of log it needs are checked again. A restore that fails or is
   * stopped later leaves the target marked and isolated; running it again goes on or begins anew, and ends in the same
   * place.
   */
  async restore(plan: RestorePlan, options: RestoreOptions): Promise<RestoreReport> {
    return await restore(this.#archive, await this.#soundFacts(options), plan, { ...options, ...this.#with(options) })
  }

  /** Nothing is held open between operations; here so that `await using` says where the manager's life ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
  }

  async #facts(options: OperationOptions | undefined): Promise<TimelineFacts> {
    const timeline = await this.#timeline()
    return await this.#archive.readFacts(timeline.id, this.#with(options))
  }

  /** For what fails by itself where it needs a damaged manifest. */
  async #soundFacts(options: OperationOptions | undefined): Promise<TimelineFacts> {
    const timeline = await this.#timeline()
    return await this.#archive.readSoundFacts(timeline.id, this.#with(options))
  }

  async #timeline(): Promise<Timeline> {
    return await this.#archive.timeline()
  }

  #with(options: OperationOptions | undefined): OperationOptions {
    return {
      signal: options?.signal ?? this.#defaults.signal,
      onProgress: options?.onProgress ?? this.#defaults.onProgress,
      logger: options?.logger ?? this.#defaults.logger,
    }
  }
}
