/** Global variables a backup records, of both flavors; one that a server does not have is passed over. */
export const RECORDED_SETTINGS: readonly string[] = [
  // How names are kept and compared: https://dev.mysql.com/doc/refman/en/identifier-case-sensitivity.html
  'lower_case_table_names',
]
