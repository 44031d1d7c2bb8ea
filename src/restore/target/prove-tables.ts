import { PitrError } from '../../errors.ts'
import { nameFold } from '../../image/database-names.ts'
import { RestoredTables, parseTableName } from '../../image/restored-tables.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import { tableName } from '../../image/touched.ts'
import { parentsLeftOut } from './foreign-keys.ts'
import type { HeldTarget } from './held-target.ts'
import { leftOutObjects, objectsIn } from './left-out-objects.ts'

/** Throws `ProofFailed` when a target does not hold all that a plan chose, or holds something beside it. */
export async function proveTables(
  { server, session }: Pick<HeldTarget, 'server' | 'session'>,
  { image: { backup }, only }: RestorePlan,
): Promise<void> {
  if (only === undefined) return
  const { databases = [], tables = [] } = only
  const fold = nameFold(backup.server)
  const existing = await server.dialect.databases(session)
  const held = new Set(existing.map(fold))
  const missing = databases.filter((name) => !held.has(fold(name)))
  if (missing.length > 0) throw notThere(missing)

  const ofTables = new Set(tables.map((name) => fold(parseTableName(name).database)))
  const objects = await Promise.all(
    existing.filter((name) => ofTables.has(fold(name))).map((name) => objectsIn(session, name)),
  )
  const found = new Set(objects.flat().map(({ database, name = '' }) => fold(`${database}.${name}`)))
  const missingTables = tables.filter((name) => !found.has(fold(name)))
  if (missingTables.length > 0) throw notThere(missingTables)

  const restored = new RestoredTables({ backup, only })
  const [other] = await leftOutObjects({ server, session }, restored)
  const [key] = await parentsLeftOut(session, restored)
  if (other === undefined && key === undefined) return
  const what =
    other === undefined
      ? `foreign key ${key!.name} of ${tableName(key!.child)}`
      : `${other.kind.toLowerCase()} ${tableName({ database: other.database, table: other.name })}`
  throw new PitrError('ProofFailed', {
    subject: what,
    message: `the restored target is not proved: it holds the ${what}, which was not chosen or refers to what was not`,
    hint: 'Do not use this target. Report this with the plan: its log should have been refused.',
  })
}

function notThere(names: readonly string[]): PitrError {
  return new PitrError('ProofFailed', {
    subject: names.join(', '),
    message: `what was chosen is not on the restored target: ${names.join(', ')}. Neither the backup nor the log up to the target has it then`,
    hint: 'Look for a mistyped name, or one that was dropped or renamed before the target: manager.transactions({ table }) finds that. Then plan for another name or an earlier target.',
    details: { missing: names },
  })
}
