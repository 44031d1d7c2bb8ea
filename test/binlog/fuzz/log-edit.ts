import fc from 'fast-check'
import { EventType } from '../../../src/binlog/event-type.ts'
import { fixture, FIXTURES } from '../support.ts'
import { changeCompressed, isCompressed } from './compressed-part.ts'
import { joinLog, signEvents, splitLog } from './split-log.ts'
import type { LooseEvent } from './split-log.ts'

/** A change of bytes. Places are fractions of whatever is there when the edit is made, so that edits do not depend on each other. */
type BytesEdit =
  | { readonly kind: 'flip'; readonly at: number; readonly bits: number }
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'splice'; readonly at: number; readonly remove: number; readonly bytes: Uint8Array }

/** A change of the events of a file, which has right lengths and positions after it. */
type EventsEdit =
  | { readonly kind: 'body'; readonly event: number; readonly edit: BytesEdit }
  | { readonly kind: 'inside'; readonly event: number; readonly edits: readonly BytesEdit[] }
  | { readonly kind: 'retype'; readonly event: number; readonly type: number }
  | { readonly kind: 'drop'; readonly event: number }
  | { readonly kind: 'repeat'; readonly event: number; readonly to: number }
  | { readonly kind: 'swap'; readonly event: number; readonly to: number }
  | { readonly kind: 'transplant'; readonly from: number; readonly event: number; readonly to: number }

/** What is done to a recorded log. Printed when it makes a test fail; `damage` does it again. */
export interface Damage {
  /** Name of the recorded log, and which part of it. */
  readonly log: string
  readonly events: readonly EventsEdit[]
  /** Changes of the file as a whole, headers included. */
  readonly bytes: readonly BytesEdit[]
  /** Whether the events get right checksums again behind all that, so that what lies behind the checksums is reached. */
  readonly isSigned: boolean
  /** What follows the end. */
  readonly tail: Uint8Array
  /** Bytes that are handed to the reader at once. */
  readonly chunkBytes: number
}

interface Log {
  readonly events: readonly LooseEvent[]
  readonly hasChecksums: boolean
}

const GTID_TYPES: ReadonlySet<number> = new Set([
  EventType.Gtid,
  EventType.AnonymousGtid,
  EventType.GtidTagged,
  EventType.MariadbGtid,
])
/** Short ones give more cases in the same time, and more of them hit something rare. */
const TRANSACTIONS_IN_A_PART = 6
const LOGS: ReadonlyMap<string, Log> = new Map(FIXTURES.flatMap((name) => partsOf(name, splitLog(fixture(name)))))
const DONORS: readonly LooseEvent[] = [...LOGS.values()].flatMap(({ events }) => events)

/** The bytes of a damaged log. */
export function damage({ log, events: eventsEdits, bytes: bytesEdits, isSigned, tail }: Damage): Buffer {
  const { events, hasChecksums } = LOGS.get(log)!
  const joined = joinLog(eventsEdits.reduce(editEvents, events), hasChecksums)
  const bytes = bytesEdits.reduce(editBytes, joined.bytes)
  if (isSigned) signEvents({ ...joined, bytes }, hasChecksums)
  return Buffer.concat([bytes, tail])
}

// Without bias: the head of a file is not likelier than the rest.
const place = fc.noBias(fc.nat(2 ** 31 - 1)).map((nat) => nat / 2 ** 31)
const EXTREMES =
  '00 ff 7f 80 fb fc fd fe 0000 ffff ff7f 0080 fcffff fdffffff 00000000 ffffffff ffffff7f 00000080 00000040 13000000 ' +
  '17000000 0000000000000000 ffffffffffffffff ffffffffffffff7f feffffffffffffff1f feffffffffffffffff'
const extremes = fc.oneof(
  fc.constantFrom(...EXTREMES.split(' ')).map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
  fc.uint8Array({ minLength: 1, maxLength: 12 }),
)
const bytesEdit: fc.Arbitrary<BytesEdit> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('write' as const), at: place, bytes: extremes }),
  fc.record({
    kind: fc.constant('splice' as const),
    at: place,
    remove: fc.oneof(fc.nat(12), fc.nat(5000)),
    bytes: fc.oneof(fc.constant(new Uint8Array(0)), extremes),
  }),
)
const eventsEdit: fc.Arbitrary<EventsEdit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('body' as const), event: place, edit: bytesEdit }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('inside' as const),
      event: place,
      edits: fc.array(bytesEdit, { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ kind: fc.constant('retype' as const), event: place, type: fc.oneof(fc.nat(45), fc.nat(255)) }),
  fc.record({ kind: fc.constant('drop' as const), event: place }),
  fc.record({ kind: fc.constant('repeat' as const), event: place, to: place }),
  fc.record({ kind: fc.constant('swap' as const), event: place, to: place }),
  fc.record({ kind: fc.constant('transplant' as const), from: place, event: fc.constant(0), to: place }),
)
const tail = fc.oneof(
  { weight: 16, arbitrary: fc.constant(new Uint8Array(0)) },
  fc.uint8Array({ minLength: 1, maxLength: 100 }),
  fc.constantFrom(...FIXTURES).map((name) => new Uint8Array(fixture(name))),
)

/** Damages of every kind, of every recorded log. */
export const damages: fc.Arbitrary<Damage> = fc.record({
  log: fc.constantFrom(...LOGS.keys()),
  events: fc.array(eventsEdit, { minLength: 1, maxLength: 3 }),
  bytes: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, fc.array(bytesEdit, { minLength: 1, maxLength: 2 })),
  isSigned: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  tail,
  chunkBytes: fc.oneof({ weight: 2, arbitrary: fc.constant(2 ** 20) }, fc.noBias(fc.integer({ min: 20, max: 3000 }))),
})

/** A log's head with a few of its transactions, for all of them. */
function partsOf(name: string, { events, hasChecksums }: Log): [string, Log][] {
  const starts = events.flatMap(({ type }, at) => (GTID_TYPES.has(type) ? [at] : []))
  const head = events.slice(0, starts[0])
  return starts.flatMap((start, i): [string, Log][] => {
    if (i % TRANSACTIONS_IN_A_PART !== 0) return []
    const end = starts[i + TRANSACTIONS_IN_A_PART]
    return [[`${name} from transaction ${i + 1}`, { events: [...head, ...events.slice(start, end)], hasChecksums }]]
  })
}

function editEvents(events: readonly LooseEvent[], edit: EventsEdit): readonly LooseEvent[] {
  if (edit.kind === 'transplant')
    return events.toSpliced(indexIn(events, edit.to), 0, DONORS[indexIn(DONORS, edit.from)]!)
  const at = edit.kind === 'inside' ? compressedIn(events, edit.event) : indexIn(events, edit.event)
  const event = events[at]
  if (event === undefined) return events
  switch (edit.kind) {
    case 'body':
      return events.with(at, { ...event, body: editBytes(event.body, edit.edit) })
    case 'inside':
      return events.with(
        at,
        changeCompressed(event, (bytes) => edit.edits.reduce(editBytes, bytes)),
      )
    case 'retype':
      return events.with(at, { ...event, type: edit.type })
    case 'drop':
      return events.toSpliced(at, 1)
    case 'repeat':
      return events.toSpliced(indexIn(events, edit.to), 0, event)
    case 'swap':
      return events.with(at, events[indexIn(events, edit.to)]!).with(indexIn(events, edit.to), event)
  }
}

function editBytes(bytes: Buffer, edit: BytesEdit): Buffer {
  const at = indexIn(bytes, edit.at)
  const changed = Buffer.from(bytes)
  switch (edit.kind) {
    case 'flip':
      if (bytes.length > 0) changed[at]! ^= edit.bits
      return changed
    case 'write':
      changed.set(edit.bytes.subarray(0, Math.max(0, bytes.length - at)), at)
      return changed
    case 'splice':
      return Buffer.concat([bytes.subarray(0, at), edit.bytes, bytes.subarray(at + edit.remove)])
  }
}

function compressedIn(events: readonly LooseEvent[], fraction: number): number {
  const compressed = events.flatMap((event, at) => (isCompressed(event) ? [at] : []))
  return compressed[indexIn(compressed, fraction)] ?? -1
}

function indexIn({ length }: { readonly length: number }, fraction: number): number {
  return Math.min(Math.floor(fraction * length), length)
}
