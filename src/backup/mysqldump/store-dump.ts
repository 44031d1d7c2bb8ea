import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { Timestamp } from '../../coordinates/timestamp.ts'
import type { BackupPart } from '../../image/backup-image.ts'
import { SILENT_LOGGER } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import type { ClientProgram } from '../../server/client-programs.ts'
import { withOptionFile } from '../../server/option-file.ts'
import type { DumpConsistency } from '../../server/flavor/dump-dialect.ts'
import type { BackupContext } from '../backup-method.ts'
import { checkedDump } from './checked-dump.ts'
import { DdlGuard } from './ddl-guard.ts'
import { estimateDumpBytes } from './dump-scope.ts'
import { programName } from './program-name.ts'

/** Name of the part that holds the dump. */
export const DATA_PART = 'data'

/** A dump that was stored, and what was found out on the way. */
export interface StoredDump {
  /** Its bytes. */
  readonly part: BackupPart
  /** What it represents. */
  readonly position: BinlogPosition
  /** The server's clock when the position was known. */
  readonly startTime: Timestamp
  /** The end of the range of the log in which DDL was possible. */
  readonly ddlEnd: BinlogPosition
}

/** What {@link storeDump} needs beside its context. */
export interface StoreDumpOptions {
  readonly program: ClientProgram
  readonly databases: readonly string[]
  readonly consistency: DumpConsistency
  /** See {@link DdlGuard}. */
  readonly verify: () => Promise<void>
}

/** Runs the dump program and stores what it writes, while definitions are kept as they are. */
export async function storeDump(context: BackupContext, options: StoreDumpOptions): Promise<StoredDump> {
  const { program, databases, consistency, verify } = options
  const { server, signal, logger = SILENT_LOGGER } = context
  const { dump } = server.dialect
  const totalBytes = await estimateDumpBytes(server, databases)
  const meter = new ProgressMeter('backup:dump', 'databases', context.onProgress, { totalBytes })
  const found: {
    guard?: DdlGuard
    position?: BinlogPosition
    startTime?: Timestamp
    ddlEnd?: BinlogPosition | undefined
  } = {}

  const part = await withOptionFile(server, async (connectionArguments) => {
    const args = [
      ...connectionArguments,
      ...dump.dumpArguments(consistency, program.version),
      ...databaseArguments(databases),
    ]
    await using running = await server.tools.host.run(program.path, args, { signal })
    running.stdin.end()
    try {
      return await context.storePart(
        DATA_PART,
        checkedDump(running, {
          program: programName(program),
          positionLine: dump.positionLine,
          harmless: dump.harmlessComplaints,
          signal,
          async onPosition(position) {
            found.position = position
            found.startTime = await server.withSession(async (session) => server.dialect.readClock(session))
            found.guard = DdlGuard.start({ server, logger, verify, block: consistency === 'snapshot' })
          },
          onBytes(bytes) {
            found.guard?.check()
            meter.add(bytes)
          },
          async onComplete() {
            found.ddlEnd = await found.guard?.finish()
          },
        }),
      )
    } finally {
      await found.guard?.[Symbol.asyncDispose]()
    }
  })
  const { position, startTime, ddlEnd } = found
  if (position === undefined || startTime === undefined || ddlEnd === undefined) {
    throw new Error('storePart resolved before it had read all bytes')
  }
  meter.finish()
  return { part, position, startTime, ddlEnd }
}

function databaseArguments(databases: readonly string[]): readonly string[] {
  // `--` because a name may begin with a dash.
  if (databases.length > 0) return ['--databases', '--', ...databases]
  // A server without databases has a position all the same: a dump of nothing, from a schema that every server has.
  const nothing = ['--no-create-db', '--no-create-info', '--no-data', '--skip-routines', '--skip-events']
  return [...nothing, '--skip-triggers', '--databases', '--', 'performance_schema']
}
