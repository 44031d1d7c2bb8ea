import { dataChanges } from '../binlog/data-changes.ts'
import type { Transaction } from '../binlog/transaction.ts'
import type { BackupImage } from '../image/backup-image.ts'
import { DatabaseNames } from '../image/database-names.ts'

/** What a backup holds, as a log is compared with it. */
export type Scope = Pick<BackupImage, 'scope' | 'server'>

/** On which side of a backup's scope a transaction lies; with a reason when it cannot be told, or lies on both. */
export type ScopeSide = 'inside' | 'outside' | { readonly reason: string }

/**
 * The rule by which a transaction is replayed onto a backup of some databases: it touches these and no others. A
 * transaction that touches no table (a grant, an empty one) belongs to no database, and is replayed.
 */
export function scopeRule({ scope, server }: Scope): (transaction: Transaction) => ScopeSide {
  if (scope === 'all') return () => 'inside'
  const databases = new DatabaseNames(scope.databases, server)
  return ({ changes, tablesKnown }) => {
    if (!tablesKnown) {
      return { reason: 'it is not known which tables it touches, and the backup holds only some databases' }
    }
    const data = dataChanges(changes)
    const inside = data.filter(({ database }) => databases.has(database)).length
    if (inside === data.length) return 'inside'
    return inside === 0 ? 'outside' : { reason: 'it touches databases inside and outside of the backup' }
  }
}
