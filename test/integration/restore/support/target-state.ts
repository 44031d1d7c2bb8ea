import { flavor } from '../../../support/flavor.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { run } from './query.ts'

const GTIDS = {
  mysql: '@@GLOBAL.gtid_executed',
  mariadb: "CONCAT(@@GLOBAL.gtid_binlog_pos, '/', @@GLOBAL.gtid_slave_pos)",
}[flavor]

const DURABILITY = ['sync_binlog', 'innodb_flush_log_at_trx_commit']

/** All that a restore could change on a target before it is allowed to: compared before and after. */
export async function targetState(target: TestServer): Promise<unknown> {
  const [gtids] = await run(target, [`SELECT ${GTIDS} AS gtids`])
  return {
    gtids,
    databases: await run(target, ['SHOW DATABASES']),
    accounts: await run(target, ['SELECT User, Host FROM mysql.user ORDER BY 1, 2']),
    settings: await settings(target),
    logs: await run(target, ['SHOW BINARY LOGS']),
  }
}

/** The settings that a restore changes while it works. */
export async function settings(target: TestServer): Promise<Readonly<Record<string, string>>> {
  const names = ['read_only', 'offline_mode', 'event_scheduler', 'init_connect', 'max_allowed_packet', ...DURABILITY]
  const rows = await run(target, [`SHOW GLOBAL VARIABLES WHERE Variable_name IN ('${names.join("','")}')`])
  return Object.fromEntries(rows.map((row) => [row['Variable_name'], row['Value']]))
}
