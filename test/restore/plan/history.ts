import fc from 'fast-check'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { Timestamp } from '../../../src/coordinates/timestamp.ts'
import type { Resolution } from '../../../src/coordinates/timestamp.ts'
import { parseGtidSet } from '../../../src/coordinates/parse-gtid-set.ts'
import type { Segment } from '../../../src/image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../../src/image/timeline-facts.ts'

/** A whole made-up history, known in full: what a model may look at and the planner may not. */
export interface History {
  readonly facts: TimelineFacts
  /** Every transaction in log order. */
  readonly transactions: readonly ModelTransaction[]
  /** The images in log order, with the number of transactions before each. */
  readonly images: readonly { readonly facts: ImageFacts; readonly before: number }[]
  /** What reading each segment would give. */
  readonly details: ReadonlyMap<string, readonly Transaction[]>
  readonly resolution: Resolution
}

/** One transaction and where it lies. */
export interface ModelTransaction {
  readonly transaction: Transaction
  readonly file: string
  readonly fileId: string
  readonly microseconds: number
}

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const START = Date.parse('2026-11-21T10:00:00Z') * 1000
const HEAD = 100

interface Event {
  readonly size: number
  readonly padding: number
  readonly step: number
  readonly rows: number
  readonly databases: 'in' | 'out' | 'both' | 'unknown' | 'none'
  readonly obstacle: boolean
  /** Cut a segment here; end the file here; take images here. */
  readonly cut: boolean
  readonly rotate: 'no' | 'rotate' | 'stop' | 'crash'
  readonly images: number
}

export interface HistoryOptions {
  /** Whether backups hold one database only. */
  readonly scoped: boolean
  readonly obstacles: boolean
  /** Whether the clock steps back. */
  readonly stepsBack: boolean
}

/** Random histories. */
export function histories(options: HistoryOptions): fc.Arbitrary<History> {
  const event: fc.Arbitrary<Event> = fc.record({
    size: fc.integer({ min: 10, max: 40 }),
    padding: fc.constantFrom(0, 0, 0, 7),
    step: options.stepsBack ? fc.integer({ min: -3, max: 5 }) : fc.integer({ min: 0, max: 3 }),
    rows: fc.integer({ min: 0, max: 5 }),
    databases: options.scoped
      ? fc.oneof(
          { weight: 10, arbitrary: fc.constantFrom('in' as const, 'out' as const, 'none' as const) },
          { weight: 1, arbitrary: fc.constantFrom('both' as const, 'unknown' as const) },
        )
      : fc.constantFrom('in' as const, 'out' as const, 'unknown' as const),
    obstacle: options.obstacles ? fc.integer({ min: 0, max: 15 }).map((n) => n === 0) : fc.constant(false),
    cut: fc.boolean(),
    rotate: fc.constantFrom('no', 'no', 'no', 'rotate', 'stop', 'crash'),
    images: fc.constantFrom(0, 0, 0, 1, 1, 2),
  })
  return fc
    .record({
      events: fc.array(event, { maxLength: 25 }),
      leading: fc.array(event, { maxLength: 3 }),
      resolution: fc.constantFrom('microsecond' as const, 'second' as const),
      gtids: fc.constantFrom('mysql' as const, 'mariadb' as const, 'none' as const),
      covered: fc.integer({ min: 0, max: 3 }),
      fraction: fc.integer({ min: 0, max: 999_999 }),
    })
    .map((shape) => build(shape, options))
}

interface Shape {
  readonly events: readonly Event[]
  readonly leading: readonly Event[]
  readonly resolution: Resolution
  readonly gtids: 'mysql' | 'mariadb' | 'none'
  readonly covered: number
  readonly fraction: number
}

interface OpenSegment {
  from: number
  transactions: Transaction[]
  obstacles: { offset: number; reason: string }[]
}

function build({ events, leading, resolution, gtids, covered, fraction }: Shape, { scoped }: HistoryOptions): History {
  const flavor = gtids === 'mariadb' ? 'mariadb' : 'mysql'
  const segments: Segment[] = []
  const details = new Map<string, readonly Transaction[]>()
  const transactions: ModelTransaction[] = []
  const images: { facts: ImageFacts; before: number }[] = []
  const unit = resolution === 'second' ? 1_000_000 : 1
  let number = 41
  let offset = HEAD
  let clock = START
  let latest = START
  let open: OpenSegment = { from: 0, transactions: [], obstacles: [] }
  let previous: Segment['previous']

  const fileName = () => `binlog.${String(number).padStart(6, '0')}`
  const executed = (count: number) => {
    if (gtids === 'none') return undefined
    if (count === 0) return ''
    return gtids === 'mysql' ? (count === 1 ? `${UUID}:1` : `${UUID}:1-${count}`) : `0-1-${count}`
  }
  const closeSegment = (end?: 'rotate' | 'stop') => {
    if (open.from === offset) return
    const file = fileName()
    const times = open.transactions.map(({ commitTime }) => commitTime).toSorted((a, b) => a.compare(b))
    const ref = (t: Transaction | undefined) =>
      t && {
        fileId: `id${number}`,
        start: { file, offset: t.start },
        end: { file, offset: t.end },
        ...(t.gtid ? { gtid: t.gtid } : {}),
        commitTime: t.commitTime,
      }
    const digest = { bytes: offset - open.from, sha256: 'a'.repeat(64) }
    const key = `${file}/${open.from}`
    segments.push({
      timelineId: 'timeline',
      fileId: `id${number}`,
      file,
      from: open.from,
      to: offset,
      format: { serverVersion: '9.7.4', checksum: 'crc32' },
      previous: open.from === 0 ? previous : undefined,
      end,
      gtidsBefore: executed(transactions.length - open.transactions.length),
      gtidsAfter: executed(transactions.length),
      counts: {
        transactions: open.transactions.length,
        rowEvents: open.transactions.reduce((sum, { rowEvents }) => sum + rowEvents, 0),
        rows: open.transactions.reduce((sum, { rows }) => sum + rows, 0),
      },
      first: ref(open.transactions[0]),
      last: ref(open.transactions.at(-1)),
      minCommitTime: times[0],
      maxCommitTime: times.at(-1),
      lastEvent: { offset: open.from, sha256: 'b'.repeat(64) },
      obstacles: open.obstacles,
      blob: { key, codec: 'zstd', content: digest, stored: digest },
    })
    details.set(key, open.transactions)
    open = { from: offset, transactions: [], obstacles: [] }
  }
  const takeImage = () => {
    images.push({
      before: transactions.length,
      facts: {
        id: `image${String(images.length).padStart(3, '0')}`,
        timelineId: 'timeline',
        backup: {
          method: 'mysqldump',
          tool: { program: 'mysqldump', version: '9.7.4' },
          server: {
            flavor,
            version: '9.7.4',
            serverId: 1,
            settings: { lower_case_table_names: '0' },
            systemTimeZone: '+00:00',
          },
          scope: scoped ? { databases: ['shop'] } : 'all',
          needs: { engines: ['InnoDB'], timeZones: [] },
          notIncluded: [],
          parts: [],
          bytes: 1000,
        },
        position: { file: fileName(), offset },
        fileId: `id${number}`,
        ...(gtids === 'none' ? {} : { gtidSet: parseGtidSet(flavor, executed(transactions.length) ?? '') }),
        // The server's clock can be behind what it was; the image knows what committed before it.
        startTime: new Timestamp(latest + (resolution === 'second' ? fraction : 0), 'microsecond'),
      },
    })
  }
  const play = (event: Event, withImages: boolean) => {
    offset += event.padding
    clock += event.step * unit
    latest = Math.max(latest, clock)
    const databases = { in: ['shop'], out: ['crm'], both: ['shop', 'crm'], unknown: [], none: [] }[event.databases]
    const n = transactions.length + 1
    const transaction: Transaction = {
      start: offset,
      end: offset + event.size,
      ...(gtids === 'none' ? {} : { gtid: gtids === 'mysql' ? `${UUID}:${n}` : `0-1-${n}` }),
      commitTime: new Timestamp(clock, resolution),
      kind: 'row',
      changes: databases.map((database) => ({ database, table: 't', inserted: event.rows, updated: 0, deleted: 0 })),
      ...(databases.length < 2 ? {} : { rowEventsOf: databases.map(() => 1) }),
      tablesKnown: event.databases !== 'unknown',
      rowEvents: Math.max(1, databases.length),
      rows: event.rows * Math.max(1, databases.length),
      ...(event.obstacle ? { obstacle: 'a statement', rowsObstacle: 'a statement' } : {}),
    }
    offset += event.size
    if (event.obstacle) open.obstacles.push({ offset: transaction.start, reason: 'a statement' })
    open.transactions.push(transaction)
    transactions.push({ transaction, file: fileName(), fileId: `id${number}`, microseconds: clock })
    if (event.cut) closeSegment()
    if (withImages) for (let i = 0; i < event.images; i++) takeImage()
    if (event.rotate === 'no') return
    if (event.rotate !== 'crash') offset += 20
    closeSegment(event.rotate === 'crash' ? undefined : event.rotate)
    previous = { fileId: `id${number}`, to: offset }
    number++
    offset = HEAD
    open = { from: 0, transactions: [], obstacles: [] }
  }

  for (const event of leading) play(event, false)
  takeImage()
  for (const event of events) play(event, true)
  closeSegment()
  const last = segments.at(-1)
  const facts: TimelineFacts = {
    timelineId: 'timeline',
    flavor,
    images: images.map((image) => image.facts),
    segments,
    coveredUntil: {
      time: new Timestamp(latest + covered * unit + (resolution === 'second' ? fraction : 0), 'microsecond'),
      fileId: last?.fileId ?? '',
      offset: last?.to ?? 0,
    },
  }
  return { facts, transactions, images, details, resolution }
}

/** Random targets that have something to do with a history. */
export function targets({ transactions, images, resolution, facts }: History): fc.Arbitrary<TargetOf> {
  const unit = resolution === 'second' ? 1_000_000_000n : 1000n
  const times = [
    START,
    ...transactions.map(({ microseconds }) => microseconds),
    ...images.map(({ facts }) => facts.startTime.epochMicroseconds),
  ]
  const time = fc
    .record({
      base: fc.constantFrom(...times),
      units: fc.bigInt({ min: -2n, max: 3n }),
      nanoseconds: fc.constantFrom(0n, 0n, 1n, 999n),
      exclusive: fc.boolean(),
    })
    .map(({ base, units, nanoseconds, exclusive }): TargetOf => ({
      kind: 'time',
      at: { epochNanoseconds: BigInt(base) * 1000n + units * unit + nanoseconds },
      exclusive,
    }))
  const gtid = fc
    .record({
      n: fc.integer({ min: 1, max: transactions.length + 1 }),
      side: fc.constantFrom('before' as const, 'after' as const),
    })
    .map(({ n, side }): TargetOf => ({
      kind: 'transaction',
      gtid: facts.flavor === 'mariadb' ? `0-1-${n}` : `${UUID.toUpperCase()}:${n}`,
      side,
    }))
  const places = [
    ...transactions.flatMap(({ file, transaction: { start, end } }) =>
      [start, end].map((offset) => ({ file, offset })),
    ),
    ...images.map(({ facts }) => facts.position),
  ]
  const position = fc
    .record({ place: fc.constantFrom(...places), shift: fc.constantFrom(0, 0, 0, 3, -3, 500) })
    .map(({ place, shift }): TargetOf => ({ kind: 'position', at: { file: place.file, offset: place.offset + shift } }))
  return fc.oneof(fc.constant<TargetOf>({ kind: 'latest' }), time, time, gtid, position)
}

export type TargetOf =
  | { kind: 'latest' }
  | { kind: 'time'; at: { epochNanoseconds: bigint }; exclusive: boolean }
  | { kind: 'transaction'; gtid: string; side: 'before' | 'after' }
  | { kind: 'position'; at: { file: string; offset: number } }
