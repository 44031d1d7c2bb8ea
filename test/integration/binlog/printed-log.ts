import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientPrograms, Flavor } from '../../support/servers/index.ts'

/** One event as the vendor's program prints it. */
export interface PrintedEvent {
  readonly offset: number
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly serverId: number
  /** As in the event's header, which MariaDB leaves 0 inside transactions. */
  readonly logPosition: number
  /** Undefined in a file without checksums. */
  readonly crc32: number | undefined
  /** The first word of what follows, which names the type. */
  readonly what: string
}

/** What the vendor's program says of a binlog file. */
export interface PrintedLog {
  readonly events: readonly PrintedEvent[]
  /** Of each transaction; undefined for an anonymous one. */
  readonly gtids: readonly (string | undefined)[]
  /** MySQL: immediate_commit_timestamp of each transaction. */
  readonly commitMicroseconds: readonly number[]
  /** MariaDB: of the Query events, by offset, seconds from the time in the header until they were made. */
  readonly secondsRun: ReadonlyMap<number, number>
  /** Rows: where their event begins, and `inserted db.table`. */
  readonly rows: readonly { readonly offset: number; readonly row: string }[]
}

const HEADER =
  /^#(\d\d)(\d\d)(\d\d) +(\d+):(\d\d):(\d\d) server id (\d+) +end_log_pos (\d+) (?:CRC32 0x([0-9a-f]{8}))?\s*([\w-]*)/
const ROW = /^### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`$/
const ACTIONS: Readonly<Record<string, string>> = {
  'INSERT INTO': 'inserted',
  UPDATE: 'updated',
  'DELETE FROM': 'deleted',
}

/** Prints a binlog with the flavor's own program, which checks the checksums, and reads what it says. */
export async function printLog(programs: ClientPrograms, flavor: Flavor, bytes: Buffer): Promise<PrintedLog> {
  const program = flavor === 'mysql' ? 'mysqlbinlog' : 'mariadb-binlog'
  const options = ['--no-defaults', '--verify-binlog-checksum', '--base64-output=DECODE-ROWS', '-vv', '-']
  const [file, args] =
    programs.kind === 'local'
      ? [program, options]
      : ['docker', ['exec', '-i', '-e', 'TZ=UTC', programs.container, program, ...options]]
  const path = programs.kind === 'local' ? [...programs.path, process.env['PATH']].join(':') : process.env['PATH']
  // It leaves the files of LOAD DATA in the folder for temporary ones.
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-printed-'))
  try {
    const { stdout } = await execa(file, args, {
      input: bytes,
      env: { TZ: 'UTC', PATH: path, TMPDIR: folder },
      encoding: 'latin1',
      maxBuffer: 512 * 1024 * 1024,
    })
    return readPrinted(stdout.split('\n'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function readPrinted(lines: readonly string[]): PrintedLog {
  const events: PrintedEvent[] = []
  const gtids: string[] = []
  const commitMicroseconds: number[] = []
  const secondsRun = new Map<number, number>()
  const rows: { offset: number; row: string }[] = []
  // Offsets come before their event, in MariaDB sometimes two before two events.
  const offsets: number[] = []
  let offset = 0
  let isCompressed = false
  for (const line of lines) {
    const header = HEADER.exec(line)
    const row = ROW.exec(line)
    if (line.startsWith('# Start of compressed events')) isCompressed = true
    else if (line.startsWith('# End of compressed events')) isCompressed = false
    else if (/^# at \d+$/.test(line)) offsets.push(Number(line.slice(5)))
    else if (header !== null && isCompressed) offsets.shift()
    else if (header !== null) {
      offset = offsets.shift() ?? Number.NaN
      const [year = 0, month = 0, day, hour, minute, second, serverId = 0, logPosition = 0] = header
        .slice(1, 9)
        .map(Number)
      const timestamp = Date.UTC(2000 + year, month - 1, day, hour, minute, second) / 1000
      const crc32 = header[9] === undefined ? undefined : Number.parseInt(header[9], 16)
      events.push({ offset, timestamp, serverId, logPosition, crc32, what: header[10] ?? '' })
      const ran = /\tQuery\t.*exec_time=(\d+)/.exec(line)?.[1]
      if (ran !== undefined) secondsRun.set(offset, Number(ran))
      const gtid = /\tGTID (\d+-\d+-\d+)/.exec(line)?.[1]
      if (gtid !== undefined) gtids.push(gtid)
    } else if (row !== null) rows.push({ offset, row: `${ACTIONS[row[1]!]} ${nameOf(row[2]!)}.${nameOf(row[3]!)}` })
    else if (line.startsWith('# immediate_commit_timestamp=')) commitMicroseconds.push(Number(/\d+/.exec(line)?.[0]))
    else if (line.startsWith('SET @@SESSION.GTID_NEXT=')) gtids.push(/'([^']+)'/.exec(line)?.[1] ?? '')
  }
  const named = gtids.filter((gtid) => gtid !== 'AUTOMATIC')
  inLogOrder(events)
  const gtidsOrNone = named.map((gtid) => (gtid === 'ANONYMOUS' ? undefined : gtid))
  return { events, gtids: gtidsOrNone, commitMicroseconds, secondsRun, rows }
}

/**
 * mysqlbinlog prints the values for a statement right before it, and so behind a LOAD DATA's file that follows them in the
 * log. Where each event has its end, the order of the ends is that of the log.
 */
function inLogOrder(events: PrintedEvent[]): void {
  if (events.some(({ logPosition }) => logPosition === 0)) return
  const offsets = events.map(({ offset }) => offset).toSorted((a, b) => a - b)
  events.sort((a, b) => a.logPosition - b.logPosition)
  for (const [i, event] of events.entries()) events[i] = { ...event, offset: offsets[i]! }
}

/** Names are printed in UTF-8, with backquotes doubled. */
function nameOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8').replaceAll('``', '`')
}
