import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'

/**
 * Follows the XA transactions of a log. One that was prepared when the backup was taken is not in the backup, because
 * nobody saw it, and the log behind the image holds its end only: what prepared it must be replayed as well.
 */
export class OpenXa {
  readonly #atImage = new Map<string, Transaction>()
  readonly #open = new Map<string, Transaction>()

  /** Takes a transaction of the part of the log that is in the image. */
  addBefore(transaction: Transaction): void {
    add(this.#atImage, transaction)
    add(this.#open, transaction)
  }

  /** Those that were prepared, and not ended, where the image stands; in log order. */
  get preparedAtImage(): readonly Transaction[] {
    return [...this.#atImage.values()]
  }

  /** Takes a transaction that is replayed. Throws `Unreplayable` for the end of what was not prepared before. */
  addReplayed(transaction: Transaction, file: string): void {
    if (!add(this.#open, transaction)) throw notPrepared(transaction, file)
  }
}

function add(open: Map<string, Transaction>, transaction: Transaction): boolean {
  const { xa } = transaction
  if (xa?.part === 'prepared') open.set(xa.xid, transaction)
  return xa?.part !== 'ended' || open.delete(xa.xid)
}

function notPrepared({ start, gtid, xa }: Transaction, file: string): PitrError {
  const at = formatBinlogPosition({ file, offset: start })
  return new PitrError('Unreplayable', {
    subject: at,
    message: `the transaction ${gtid === undefined ? '' : `${gtid} `}at ${at} ends the XA transaction ${xa?.xid}, whose XA PREPARE is neither replayed nor in the part of its file before the image`,
    hint: 'A target before this transaction can be restored, or one after a later image.',
    details: { file, offset: start, gtid, xid: xa?.xid },
  })
}
