import { bytesForFile } from '../../../binlog/bytes-for-file.ts'
import type { BinlogEvent } from '../../../binlog/event.ts'
import { uncompressedRows } from '../../../binlog/uncompressed-rows.ts'
import type { LogFormat } from '../../../image/segment.ts'

/** Table maps and row events as one BINLOG statement applies them. */
export type AppliedEvents = readonly Uint8Array[]

/** Events as a BINLOG statement takes them: not compressed, with checksums where their file has some. */
export function appliedEvents(events: readonly BinlogEvent[], format: LogFormat): AppliedEvents {
  return events.map((event) => bytesForFile(uncompressedRows(event), format))
}
