import { ByteCursor } from './byte-cursor.ts'
import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import { unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'
import { formatUuid, MAX_GTID_NUMBER } from './mysql-gtid.ts'
import { SerializedMessage } from './tagged-gtid.ts'

/**
 * Reads what was executed before the file: the set of a Previous_gtids event, `uuid:1-5:7,uuid:tag:1`, or a Gtid_list,
 * `0-1-5,0-2-7` (the last GTID of each server in each domain). Empty text for an empty set.
 */
export function readPreviousGtids(event: BinlogEvent): string {
  if (event.length > MAX_SET_BYTES) {
    throw unsupportedEvent(event, `a GTID set of ${event.length} bytes is larger than ${MAX_SET_BYTES}`)
  }
  return event.type === EventType.GtidList ? readGtidList(event.body, event) : readMysqlSet(event.body, event)
}

/** Some million intervals. Text of much larger ones would not fit into a string. */
const MAX_SET_BYTES = 64 * 1024 * 1024

// Gtid_list_log_event in MariaDB's log_event.h: the count's upper four bits are flags.
const COUNT_MASK = 2 ** 28 - 1
const LIST_ENTRY_BYTES = 16

function readGtidList(body: Buffer, place: LogPlace): string {
  const cursor = new ByteCursor(body, place)
  const count = cursor.u32() & COUNT_MASK
  if (cursor.left < count * LIST_ENTRY_BYTES) {
    throw cursor.corrupt(`a Gtid_list of ${count} entries in ${cursor.left} bytes`)
  }
  const entries = Array.from({ length: count }, () => [cursor.u32(), cursor.u32(), cursor.u64()] as const)
  // Numbers begin at 1: behind a 0 nothing was executed yet.
  return entries
    .flatMap(([domain, server, sequence]) => (sequence === 0n ? [] : [`${domain}-${server}-${sequence}`]))
    .join(',')
}

// Gtid_set::encode in MySQL's rpl_gtid_set.cc: the number of sources, then for each its uuid (and tag) and its
// intervals, whose ends are exclusive. The number's last byte tells the format; with tags, its first does so, too.
const TAGGED = 1
const INTERVAL_BYTES = 16

function readMysqlSet(body: Buffer, place: LogPlace): string {
  const cursor = new ByteCursor(body, place)
  const head = cursor.u64()
  const format = Number(head >> 56n)
  if (format > TAGGED) throw unsupportedEvent(place, `a GTID set in the unknown format ${format}`)
  const isTagged = format === TAGGED
  const count = Number(isTagged ? (head >> 8n) & 0xff_ffff_ffffn : head)
  const sources: string[] = []
  for (let i = 0; i < count; i++) {
    const uuid = formatUuid(cursor.view(16).toString('hex'))
    const tag = isTagged ? readTag(cursor, body, place) : ''
    const intervals = Number(cursor.u64())
    if (intervals === 0 || intervals > cursor.left / INTERVAL_BYTES) {
      throw cursor.corrupt(`${intervals} intervals in ${cursor.left} bytes`)
    }
    const source = tag === '' ? uuid : `${uuid}:${tag}`
    sources.push(`${source}:${readIntervals(cursor, intervals)}`)
  }
  if (cursor.left > 0) throw cursor.corrupt(`a GTID set with ${cursor.left} bytes too many`)
  return sources.join(',')
}

function readTag(cursor: ByteCursor, body: Buffer, place: LogPlace): string {
  const message = new SerializedMessage(body, place, cursor.at)
  const tag = message.tag()
  cursor.skip(message.at - cursor.at)
  return tag
}

function readIntervals(cursor: ByteCursor, count: number): string {
  let end = 0n
  const intervals = Array.from({ length: count }, () => {
    const first = cursor.u64()
    const last = cursor.u64() - 1n
    if (first <= end || last < first || last > MAX_GTID_NUMBER) {
      throw cursor.corrupt(`the interval ${first}-${last} is invalid behind ${end}`)
    }
    end = last
    return first === last ? `${first}` : `${first}-${last}`
  })
  return intervals.join(':')
}
