import type { BackupScope } from '../../image/backup-image.ts'
import { describeOnly } from '../../image/restored-tables.ts'
import type { RestoreOnly } from '../../image/restored-tables.ts'
import type { Division } from './divide-by-scope.ts'

/** What a person should know when only some tables are restored. */
export function warnOfScope(
  scope: BackupScope,
  only: RestoreOnly | undefined,
  division: Division | undefined,
): readonly string[] {
  if (division === undefined) return []
  const { inside, outside, summed } = division
  const isDivided =
    inside.some(({ transaction, replayed }) => transaction !== replayed) || summed.some((sum) => sum.isDivided)
  const leavesOut = outside.length > 0 || summed.some(({ leftOut }) => leftOut.transactions > 0)
  return [
    ...(only === undefined ? ofBackup(scope) : ofChoice(only)),
    ...(!leavesOut ? [] : ['Transactions that touch nothing of that are left out.']),
    ...(isDivided ? ['Of transactions that also changed rows of other tables, those rows are left out.'] : []),
  ]
}

function ofBackup(scope: BackupScope): readonly string[] {
  return scope === 'all' ? [] : [`Only the databases ${scope.databases.join(', ')} are restored.`]
}

function ofChoice(only: RestoreOnly): readonly string[] {
  return [
    `Nothing but ${describeOnly(only)} is restored: no accounts, for one.`,
    ...(only.tables === undefined
      ? []
      : ['Of a database of which only tables are chosen, neither views nor routines nor events are restored.']),
  ]
}
