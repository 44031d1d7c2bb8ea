import type { Need } from '../../binlog/statement-needs.ts'
import { PitrError } from '../../errors.ts'
import type { BackupImage } from '../../image/backup-image.ts'
import { globalVariables } from '../../server/flavor/common.ts'
import type { Session } from '../../server/session.ts'
import { systemTimeZone } from '../../server/system-time-zone.ts'
import type { HeldTarget } from './held-target.ts'

/** A need, and who has it: for messages. */
export interface NeedOf extends Need {
  /** `the backup`, `the statement at binlog.000001:4711`. */
  readonly by: string
}

/** Names of storage engines that SHOW ENGINES does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  HEAP: 'MEMORY',
  INNOBASE: 'INNODB',
  MARIA: 'ARIA',
  MERGE: 'MRG_MYISAM',
  NDB: 'NDBCLUSTER',
}

/** Settings that name an engine: a table made without a word about it has this one. */
const ENGINE_SETTINGS = ['default_storage_engine', 'default_tmp_storage_engine', 'enforce_storage_engine']

/** What a backup needs of a target. */
export function needsOfBackup({ needs, server }: BackupImage): readonly NeedOf[] {
  const defaults = ENGINE_SETTINGS.flatMap((name) => server.settings[name] || [])
  // The target gets it while it is restored. What depends on that of the system says so itself.
  const { time_zone: zone = 'SYSTEM' } = server.settings
  return [
    ...[...needs.engines, ...defaults].map((name): NeedOf => ({ kind: 'engine', name, by: 'the backup' })),
    ...[...needs.timeZones, ...(zone === 'SYSTEM' ? [] : [zone])].map((name): NeedOf => ({
      kind: 'timeZone',
      name,
      by: 'the backup',
    })),
  ]
}

/**
 * Throws `TargetIncompatible` when the target lacks something: it would put another storage engine in the place of one
 * that it does not have (only [NO_ENGINE_SUBSTITUTION](https://dev.mysql.com/doc/refman/en/sql-mode.html#sqlmode_no_engine_substitution)
 * prevents that, and every statement of a log brings its own mode), and take times for those of its own zone. Reads only.
 */
export async function requireNeeds(
  { session }: Pick<HeldTarget, 'session'>,
  { server }: BackupImage,
  needs: readonly NeedOf[],
): Promise<void> {
  const engines = await enginesOf(session)
  for (const need of needs) {
    const { kind, name, by } = need
    if (kind === 'engine' && !engines.has(canonical(name))) {
      throw lacks(name, `the target has no storage engine ${name}, which ${by} needs`, 'Start the target with it.')
    }
  }
  const zones = new Map(needs.filter(({ kind }) => kind === 'timeZone').map((need) => [need.name, need.by]))
  for (const [zone, by] of zones) {
    if (zone === 'SYSTEM') await requireSystemZone(session, server.systemTimeZone, by)
    else await requireZone(session, zone, by)
  }
}

async function enginesOf(session: Session): Promise<ReadonlySet<string>> {
  const engines = await session.column(
    "SELECT ENGINE FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT')",
  )
  const { disabled_storage_engines: disabled = '' } = await globalVariables(session, ['disabled_storage_engines'])
  const off = new Set(disabled.split(',').map((name) => canonical(name.trim())))
  return new Set(engines.map(canonical).filter((name) => !off.has(name)))
}

function canonical(name: string): string {
  const upper = name.toUpperCase()
  return ALIASES[upper] ?? upper
}

async function requireSystemZone(session: Session, source: string, by: string): Promise<void> {
  const target = await systemTimeZone(session)
  if (target === source) return
  throw lacks(
    'system_time_zone',
    `the system's time zone of the target is not that of the source (${target}, it was ${source}), and ${by} depends on it`,
    'Start the target in the time zone of the source, for instance with the environment variable TZ.',
  )
}

async function requireZone(session: Session, zone: string, by: string): Promise<void> {
  const known = await session.value("SELECT CONVERT_TZ('2000-01-01 00:00:00', '+00:00', ?)", [zone])
  if (known !== undefined) return
  throw lacks(
    zone,
    `the target does not know the time zone ${zone}, which ${by} needs`,
    'Fill its time zone tables: mysql_tzinfo_to_sql (MariaDB: mariadb-tzinfo-to-sql).',
  )
}

function lacks(subject: string, message: string, hint: string): PitrError {
  return new PitrError('TargetIncompatible', { subject, message, hint: `Nothing was written. ${hint}` })
}
