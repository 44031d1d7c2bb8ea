import { PitrError } from '../../../errors.ts'
import { LARGE_TRANSACTION_BYTES } from '../../log/planned-file.ts'

/** Base64 makes four characters of three bytes, and no text of this process has more than 2^29 - 24. */
const MAX_BYTES: number = 380 * 1024 * 1024
/** A piece of a transaction ends with the event that makes it large. Leaves room for what lies before, and the maps. */
export const MAX_ROW_EVENT_BYTES: number = MAX_BYTES - 2 * LARGE_TRANSACTION_BYTES

/**
 * A [BINLOG](https://dev.mysql.com/doc/refman/en/binlog.html) statement that applies events as they are. Every row event
 * in it must come behind the Table_map of its table in the same statement: without, MySQL 9.7 crashes and MariaDB 11.8
 * drops rows in silence.
 */
export function binlogStatement(events: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(events)
  if (bytes.length > MAX_BYTES) throw tooLarge(bytes.length)
  return `BINLOG '${bytes.toString('base64')}'`
}

function tooLarge(bytes: number): PitrError {
  return new PitrError('ReplayFailed', {
    subject: `${bytes} bytes of row events`,
    message: `row events of ${bytes} bytes that belong together are more than the ${MAX_BYTES} the direct replayer can send`,
    hint: 'Run the same restore again with the replayer mysqlbinlog.',
  })
}
