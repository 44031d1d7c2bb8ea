import { PitrError } from '../../errors.ts'
import { describeOnly, RestoredTables } from '../../image/restored-tables.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import { tableName } from '../../image/touched.ts'
import { throwIfAborted } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { quoteIdentifier } from '../../server/quote.ts'
import { parentsLeftOut } from './foreign-keys.ts'
import type { ForeignKey } from './foreign-keys.ts'
import type { HeldTarget } from './held-target.ts'
import { leftOutObjects } from './left-out-objects.ts'
import type { DatabaseObject } from './left-out-objects.ts'

/**
 * Drops from a target that holds the whole backup what the plan does not restore. Not in its log. Throws `LoadFailed`, before
 * it drops anything, when a chosen table is none, or has a foreign key to one that was not chosen.
 */
export async function leaveOut(
  { server, session }: Pick<HeldTarget, 'server' | 'session'>,
  { image: { backup }, only }: RestorePlan,
  { signal, onProgress }: OperationOptions,
): Promise<void> {
  if (only === undefined) return
  const restored = new RestoredTables({ backup, only })
  const objects = await leftOutObjects({ server, session }, restored)
  const view = objects.find(({ kind, database, name }) => kind === 'VIEW' && restored.has({ database, table: name! }))
  if (view !== undefined) throw isView(view)
  const keys = await parentsLeftOut(session, restored)
  const [first] = keys
  if (first !== undefined) throw hasParent(first, keys)

  const meter = new ProgressMeter('restore:load', `what is not ${describeOnly(only)}`, onProgress)
  await session.query('SET SESSION foreign_key_checks = 0')
  for (const object of objects) {
    throwIfAborted(signal, 'the restore')
    await session.query(`DROP ${object.kind} IF EXISTS ${quotedName(object)}`)
    meter.add(0, undefined, tableName({ database: object.database, table: object.name }))
  }
  await session.query('SET SESSION foreign_key_checks = 1')
  meter.finish()
}

function quotedName({ database, name }: DatabaseObject): string {
  return name === undefined ? quoteIdentifier(database) : `${quoteIdentifier(database)}.${quoteIdentifier(name)}`
}

function isView({ database, name }: DatabaseObject): PitrError {
  return new PitrError('LoadFailed', {
    subject: `${database}.${name}`,
    message: `${database}.${name} is a view, which cannot be restored alone`,
    hint: `Choose the tables it shows, or the whole database ${database}.`,
  })
}

function hasParent({ name, child, parent }: ForeignKey, all: readonly ForeignKey[]): PitrError {
  const parents = [...new Set(all.map((key) => tableName(key.parent)))]
  return new PitrError('LoadFailed', {
    subject: tableName(child),
    message: `the foreign key ${name} of ${tableName(child)} refers to ${tableName(parent)}, which is not restored: rows would refer to nothing, and what changes with the row it refers to would not change`,
    hint: `Choose ${parents.join(', ')} as well.`,
    details: {
      keys: all.map((key) => ({ name: key.name, table: tableName(key.child), parent: tableName(key.parent) })),
    },
  })
}
