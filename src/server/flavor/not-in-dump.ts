import type { Session } from '../session.ts'

/** Tables a server has in its `mysql` schema by itself, of all versions and of both flavors. */
const SYSTEM_TABLES = [
  ['columns_priv', 'column_stats', 'component', 'db', 'default_roles', 'engine_cost', 'event', 'func', 'general_log'],
  ['global_grants', 'global_priv', 'gtid_executed', 'gtid_slave_pos', 'help_category', 'help_keyword', 'help_relation'],
  [
    'help_topic',
    'host',
    'index_stats',
    'innodb_index_stats',
    'innodb_table_stats',
    'ndb_binlog_index',
    'password_history',
  ],
  ['plugin', 'proc', 'procs_priv', 'proxies_priv', 'replication_asynchronous_connection_failover'],
  ['replication_asynchronous_connection_failover_managed', 'replication_group_configuration_version'],
  ['replication_group_member_actions', 'role_edges', 'roles_mapping', 'server_cost', 'servers', 'slave_master_info'],
  ['slave_relay_log_info', 'slave_worker_info', 'slow_log', 'table_stats', 'tables_priv', 'time_zone'],
  ['time_zone_leap_second', 'time_zone_name', 'time_zone_transition', 'time_zone_transition_type'],
  ['transaction_registry', 'user'],
].flat()

const SYSTEM_DEFINERS = ['mysql.sys@localhost', 'mysql.infoschema@localhost', 'mariadb.sys@localhost']

/** What a kind of thing is called, and a query for the names of those that users made. */
export type NotInDump = readonly [what: string, query: string]

/** What lies outside of the databases of users on both flavors. */
export const COMMON_NOT_IN_DUMP: readonly NotInDump[] = [
  ['server of a federated table (CREATE SERVER)', 'SELECT Server_name FROM mysql.servers ORDER BY 1'],
  ['loadable function (CREATE FUNCTION ... SONAME)', 'SELECT name FROM mysql.func ORDER BY 1'],
  ['plugin (INSTALL PLUGIN)', 'SELECT name FROM mysql.plugin ORDER BY 1'],
  ['time zone table', "SELECT 'mysql.time_zone_name' FROM mysql.time_zone_name LIMIT 1"],
  [
    'table in a schema of the server',
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES
      WHERE TABLE_TYPE <> 'VIEW' AND (TABLE_SCHEMA = 'sys' AND TABLE_NAME <> 'sys_config'
            OR TABLE_SCHEMA = 'mysql' AND TABLE_NAME NOT IN (${listed(SYSTEM_TABLES)})) ORDER BY 1`,
  ],
  ['view in a schema of the server', inSystemSchemas('VIEWS', 'TABLE_SCHEMA', 'TABLE_NAME')],
  ['routine in a schema of the server', inSystemSchemas('ROUTINES', 'ROUTINE_SCHEMA', 'ROUTINE_NAME')],
  ['trigger in a schema of the server', inSystemSchemas('TRIGGERS', 'TRIGGER_SCHEMA', 'TRIGGER_NAME')],
  ['event in a schema of the server', inSystemSchemas('EVENTS', 'EVENT_SCHEMA', 'EVENT_NAME')],
]

/** What lies outside of databases on MySQL alone. */
export const MYSQL_NOT_IN_DUMP: readonly NotInDump[] = [
  ['component (INSTALL COMPONENT)', 'SELECT component_urn FROM mysql.component ORDER BY 1'],
  [
    'general tablespace',
    `SELECT TABLESPACE_NAME FROM information_schema.TABLESPACES_EXTENSIONS
      WHERE TABLESPACE_NAME NOT LIKE '%/%' AND TABLESPACE_NAME <> 'mysql' AND TABLESPACE_NAME NOT LIKE 'innodb\\_%' ORDER BY 1`,
  ],
  [
    'resource group',
    "SELECT RESOURCE_GROUP_NAME FROM information_schema.RESOURCE_GROUPS WHERE RESOURCE_GROUP_NAME NOT IN ('SYS_default', 'USR_default') ORDER BY 1",
  ],
  [
    // Those the server came with have these numbers: https://dev.mysql.com/doc/refman/en/create-spatial-reference-system.html
    'spatial reference system',
    `SELECT SRS_ID FROM information_schema.ST_SPATIAL_REFERENCE_SYSTEMS
      WHERE SRS_ID NOT BETWEEN 0 AND 32767 AND SRS_ID NOT BETWEEN 60000000 AND 69999999 ORDER BY 1`,
  ],
]

/** The names of all of these, with what each is: `plugin (INSTALL PLUGIN) clone`. As far as the account may see them. */
export async function findNotInDump(session: Session, kinds: readonly NotInDump[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const [what, query] of kinds) found.push(...(await session.column(query)).map((name) => `${what} ${name}`))
  return found
}

function inSystemSchemas(view: string, schema: string, name: string): string {
  return `SELECT CONCAT(${schema}, '.', ${name}) FROM information_schema.${view}
    WHERE ${schema} IN ('mysql', 'sys') AND DEFINER NOT IN (${listed(SYSTEM_DEFINERS)}) ORDER BY 1`
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
