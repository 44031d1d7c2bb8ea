import type { Archive } from '../archive/archive.ts'
import { readTransactions } from '../archive/read-transactions.ts'
import type { Transaction } from '../binlog/transaction.ts'
import { compareBinlogPositions, formatBinlogPosition } from '../coordinates/binlog-position.ts'
import { PitrError } from '../errors.ts'
import { DatabaseNames } from '../image/database-names.ts'
import type { Segment } from '../image/segment.ts'
import type { OperationOptions } from '../options.ts'
import type { BackupTaken } from './backup-method.ts'

/**
 * Throws `DdlDuringBackup` when the log shows that a dumped table was defined anew between the position of the backup and
 * its end. A snapshot is not isolated from DDL: such a table can come out empty
 * ([bug #27850](https://bugs.mysql.com/bug.php?id=27850)).
 */
export async function requireStableTables(
  archive: Archive,
  segments: readonly Segment[],
  { backup, position, ddlSensitive }: Pick<BackupTaken, 'backup' | 'position' | 'ddlSensitive'>,
  options: OperationOptions,
): Promise<void> {
  if (ddlSensitive === undefined) return
  const { end } = ddlSensitive
  const databases = new DatabaseNames(ddlSensitive.databases, backup.server)
  const suspects = segments.filter(
    ({ file, from, to }) =>
      compareBinlogPositions({ file, offset: to }, position) > 0 &&
      compareBinlogPositions({ file, offset: from }, end) < 0,
  )
  for (const segment of suspects) {
    for await (const transaction of readTransactions(archive, segment, options)) {
      const at = { file: segment.file, offset: transaction.start }
      if (compareBinlogPositions(at, position) < 0 || compareBinlogPositions(at, end) >= 0) continue
      const subject = redefined(transaction, databases)
      if (subject !== undefined) throw ddlDuringBackup(subject, formatBinlogPosition(at), transaction)
    }
  }
}

/** The first dumped thing that the transaction defines anew; a statement that names no table counts as touching all. */
function redefined(
  { kind, changes, defined, tablesKnown, statement }: Transaction,
  databases: DatabaseNames,
): string | undefined {
  // A `CREATE TABLE ... SELECT` has rows as well.
  const definitions = kind === 'ddl' ? changes : defined
  if (definitions === undefined) return undefined
  const change = definitions.find(({ database }) => databases.has(database))
  if (change !== undefined) return change.table === undefined ? change.database : `${change.database}.${change.table}`
  return tablesKnown ? undefined : (statement ?? 'a statement that is not understood')
}

function ddlDuringBackup(subject: string, at: string, { statement }: Transaction): PitrError {
  return new PitrError('DdlDuringBackup', {
    subject,
    message: `${subject} was defined anew at ${at} while the backup was taken: ${statement?.slice(0, 200) ?? 'DDL'}`,
    hint: 'No image was made. Take the backup when no DDL runs, or with an account that may block DDL (see the preflight report).',
    details: { subject, at },
  })
}
