import type { BinlogEvent } from './event.ts'
import { corruptBinlog } from './log-problem.ts'

/** What one transaction of a log is to an XA transaction: its changes, held back until it ends, or that end. */
export interface XaPart {
  /** Its name, as `XA COMMIT` takes it: ``X'6162',X'',1``. */
  readonly xid: string
  /** `prepared`: XA PREPARE, nobody sees the changes; `ended`: XA COMMIT or XA ROLLBACK of what was prepared. */
  readonly part: 'prepared' | 'ended'
}

// XA_prepare_event: whether it commits in one phase, the format, the lengths of the two parts of the name, the parts.
const HEADER_BYTES = 13
/** Of each part of a name, see https://dev.mysql.com/doc/refman/en/xa-statements.html. */
const MAX_PART_BYTES = 64

/** What an XA_prepare event says; undefined when it commits in one phase, as any transaction. */
export function readXaPrepare(event: BinlogEvent): XaPart | undefined {
  const { buffer, bodyStart, bodyEnd } = event
  if (bodyEnd - bodyStart < HEADER_BYTES) throw corruptBinlog(event, 'an XA_prepare event is too short')
  const [format, first, second] = [1, 5, 9].map((at) => buffer.readUInt32LE(bodyStart + at)) as [number, number, number]
  const nameStart = bodyStart + HEADER_BYTES
  const isTooLong = first > MAX_PART_BYTES || second > MAX_PART_BYTES
  if (isTooLong || nameStart + first + second > bodyEnd)
    throw corruptBinlog(event, 'the name of an XA transaction does not fit')
  if (buffer[bodyStart] !== 0) return undefined
  const [gtrid, bqual] = [
    buffer.toString('hex', nameStart, nameStart + first),
    buffer.toString('hex', nameStart + first, nameStart + first + second),
  ]
  return { xid: `X'${gtrid}',X'${bqual}',${format}`, part: 'prepared' }
}

/** What an XA statement says; both servers log names in this form only. */
export function readXaStatement(sql: string): XaPart | undefined {
  const xid = /^XA (?:COMMIT|ROLLBACK) (X'[0-9a-f]*',X'[0-9a-f]*',\d+)$/.exec(sql)?.[1]
  return xid === undefined ? undefined : { xid, part: 'ended' }
}
