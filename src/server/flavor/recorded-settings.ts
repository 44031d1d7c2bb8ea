/** Settings that must be the same on a target, with what differs otherwise. */
export const SAME_SETTINGS = {
  // https://dev.mysql.com/doc/refman/en/identifier-case-sensitivity.html
  lower_case_table_names: 'names would not be the same',
  // Whether an account may lack a privilege in one database, and whether `_` and `%` of a grant are wildcards:
  // https://dev.mysql.com/doc/refman/en/partial-revokes.html
  partial_revokes: 'grants would not mean the same',
} as const

/**
 * What a definition means that does not say it: no statement of a log says with which values it ran. A target has those
 * of the source while it is restored. One that a server does not have is passed over. The time zone, the language of names
 * and the digits of a division are those of sessions that set nothing: generated columns are computed with them.
 */
const ADOPTED = [
  'default_storage_engine',
  'default_tmp_storage_engine',
  'div_precision_increment',
  'innodb_default_row_format',
  'innodb_file_per_table',
  'innodb_strict_mode',
  'lc_time_names',
  'time_zone',
]

export const MYSQL_SETTINGS: SettingNames = settingNames(
  // Whether a foreign key may refer to columns that are not unique; such tables were made when it was off.
  'restrict_fk_on_non_standard_key',
)

export const MARIADB_SETTINGS: SettingNames = settingNames(
  'enforce_storage_engine',
  'innodb_compression_default',
  // Also what "utf8" is: https://mariadb.com/docs/server/server-management/variables-and-modes/old_mode
  'old_mode',
  'system_versioning_alter_history',
)

interface SettingNames {
  readonly recordedSettings: readonly string[]
  readonly adoptedSettings: readonly string[]
}

function settingNames(...own: readonly string[]): SettingNames {
  const adoptedSettings = [...ADOPTED, ...own]
  return { recordedSettings: [...Object.keys(SAME_SETTINGS), ...adoptedSettings], adoptedSettings }
}
