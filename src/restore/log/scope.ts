import type { Transaction } from '../../binlog/transaction.ts'
import type { BackupScope } from '../../image/backup-image.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { dataChanges } from '../../binlog/data-changes.ts'

/**
 * Whether a transaction is replayed onto a backup of this scope: the planner's rule, applied to the log itself. A
 * transaction that touches no table (a grant, an empty one) belongs to no database and is replayed. Throws
 * `Unreplayable` for one that cannot be told, or touches both sides.
 */
export function isInScope({ changes, tablesKnown, start }: Transaction, scope: BackupScope, file: string): boolean {
  if (scope === 'all') return true
  const data = dataChanges(changes)
  const inside = data.filter(({ database }) => scope.databases.includes(database)).length
  if (tablesKnown && inside === data.length) return true
  if (tablesKnown && inside === 0) return false
  const at = formatBinlogPosition({ file, offset: start })
  throw new PitrError('Unreplayable', {
    subject: at,
    message: `the transaction at ${at} ${tablesKnown ? 'touches databases inside and outside of the backup' : 'touches tables that are not all known, and the backup holds only some databases'}`,
    hint: 'A target before this transaction can be restored, or one from a backup of all databases.',
    details: { file, offset: start },
  })
}
