import type { SettingRule } from './flavor-dialect.ts'

/** Settings that matter on both flavors. A variable that a server does not have is passed over. */
export const COMMON_SETTINGS: readonly SettingRule[] = [
  {
    variable: 'log_bin',
    fine: isOn,
    severity: 'error',
    code: 'BinlogDisabled',
    why: 'the server writes no binary log, so nothing after a backup could be recovered',
    hint: 'Start the server with --log-bin.',
  },
  {
    variable: 'binlog_format',
    fine: (value) => value === 'ROW',
    severity: 'error',
    code: 'UnsafeBinlogFormat',
    why: 'statements are logged instead of rows, and a statement may do something else when it runs again',
    hint: 'Set binlog_format=ROW globally and in the configuration, and let sessions reconnect.',
  },
  {
    variable: 'binlog_checksum',
    fine: (value) => value.toUpperCase() === 'CRC32',
    severity: 'warning',
    code: 'UnsafeSetting',
    why: 'events carry no checksum, so damage on the way into the archive stays unseen',
    hint: 'Set binlog_checksum=CRC32.',
  },
  {
    variable: 'sync_binlog',
    fine: (value) => value === '1',
    severity: 'warning',
    code: 'UnsafeSetting',
    why: 'a crash of the machine can lose the end of the binary log',
    hint: 'Set sync_binlog=1.',
  },
  {
    variable: 'innodb_flush_log_at_trx_commit',
    fine: (value) => value === '1',
    severity: 'warning',
    code: 'UnsafeSetting',
    why: 'a crash can lose commits that are in the binary log already, or the other way round',
    hint: 'Set innodb_flush_log_at_trx_commit=1.',
  },
  {
    variable: 'binlog_expire_logs_seconds',
    fine: (value) => Number(value) === 0 || Number(value) >= 86_400,
    severity: 'warning',
    code: 'UnsafeSetting',
    why: 'binary logs expire in less than a day, so a longer outage of archiving loses history',
    hint: 'Set binlog_expire_logs_seconds to at least 86400.',
  },
  {
    // The session of a dump program begins with it, and the program does not change it.
    variable: 'sql_select_limit',
    fine: (value) => BigInt(value) === NO_LIMIT,
    purposes: ['backup'],
    severity: 'error',
    code: 'UnsafeSetting',
    why: 'a dump has no more rows of a table than that, and nothing says so',
    hint: 'SET GLOBAL sql_select_limit = DEFAULT.',
  },
]

/** What a `sql_select_limit` is that is none. */
const NO_LIMIT = 2n ** 64n - 1n

/** Whether whole rows are logged. */
export const ROW_IMAGE: SettingRule = {
  variable: 'binlog_row_image',
  fine: (value) => value.toUpperCase() === 'FULL',
  severity: 'warning',
  code: 'UnsafeSetting',
  why: 'rows are logged in part, so drift cannot be noticed and nothing can be rewound',
  hint: 'Set binlog_row_image=FULL.',
}

/** Whether a switch is on. */
export function isOn(value: string): boolean {
  return value === 'ON' || value === '1'
}
