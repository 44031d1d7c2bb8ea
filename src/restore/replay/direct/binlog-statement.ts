import { bytesForFile } from '../../../binlog/bytes-for-file.ts'
import type { BinlogEvent } from '../../../binlog/event.ts'
import { uncompressedRows } from '../../../binlog/uncompressed-rows.ts'
import { PitrError } from '../../../errors.ts'
import type { LogFormat } from '../../../image/segment.ts'
import { binlogStatement } from '../../../server/binlog-statement.ts'
import { LARGE_TRANSACTION_BYTES } from '../../log/planned-file.ts'

/** Base64 makes four characters of three bytes, and no text of this process has more than 2^29 - 24. */
const MAX_BYTES: number = 380 * 1024 * 1024
/** A piece of a transaction ends with the event that makes it large. Leaves room for what lies before, and the maps. */
export const MAX_ROW_EVENT_BYTES: number = MAX_BYTES - 2 * LARGE_TRANSACTION_BYTES

/** The statement that applies row events, and the table maps they need. Throws `ReplayFailed` when they are too large. */
export function rowsStatement(events: readonly BinlogEvent[], format: LogFormat): string {
  const all = events.map((event) => bytesForFile(uncompressedRows(event), format))
  const bytes = all.reduce((sum, { length }) => sum + length, 0)
  if (bytes > MAX_BYTES) throw tooLarge(bytes)
  return binlogStatement(all)
}

function tooLarge(bytes: number): PitrError {
  return new PitrError('ReplayFailed', {
    subject: `${bytes} bytes of row events`,
    message: `row events of ${bytes} bytes that belong together are more than the ${MAX_BYTES} the direct replayer can send`,
    hint: 'Run the same restore again with the replayer mysqlbinlog.',
  })
}
