import { execa } from 'execa'
import type { RowDataPacket } from 'mysql2/promise'
import type { Durability, ReplayerName, RestoreOptions, RestorePlan, RestoreReport } from '../../src/index.ts'
import { connect } from '../../test/support/connect.ts'
import type { TestServer } from '../../test/support/servers/index.ts'
import type { Contest } from './contest.ts'
import { query } from './query.ts'

/** A way to bring a server that holds the base to the end of the log. */
export interface Way {
  readonly name: string
  /** What the server needs for it. */
  readonly options: (durability: Durability) => readonly string[]
  /** Brings a new server there; returns what the replay alone took, in seconds. */
  readonly replay: (contest: Contest, target: TestServer, durability: Durability) => Promise<number>
}

/** With which durability servers run. */
const DURABILITY = {
  full: ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1'],
  relaxed: ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0'],
} as const

const WORKERS = 16

/** How the flavours say it. */
const REPLICATION = {
  mysql: {
    change: 'CHANGE REPLICATION SOURCE TO',
    word: 'SOURCE',
    more: 'SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1',
    start: 'START REPLICA',
    executed: 'gtid_executed',
    wait: 'WAIT_FOR_EXECUTED_GTID_SET',
  },
  mariadb: {
    change: 'CHANGE MASTER TO',
    word: 'MASTER',
    more: 'MASTER_USE_GTID=slave_pos',
    start: 'START SLAVE',
    executed: 'gtid_binlog_pos',
    wait: 'MASTER_GTID_WAIT',
  },
} as const

/** `mysqlbinlog | mysql`, as the manuals have it. */
export const pipe: Way = {
  name: 'mysqlbinlog | mysql',
  options: (durability) => DURABILITY[durability],
  async replay(contest, target) {
    await restored(contest, contest.base, target)
    const { clientPrograms, connection, flavor } = target
    if (clientPrograms.kind !== 'local') throw new Error('this benchmark needs client programs on this machine')
    const [binlog, client] = { mysql: ['mysqlbinlog', 'mysql'], mariadb: ['mariadb-binlog', 'mariadb'] }[flavor]
    const { host, port, user, password } = connection
    return await secondsOf(async () => {
      await execa(
        'bash',
        // The shell's pipe: nothing of ours stands between the two.
        [
          '-c',
          'set -o pipefail; start=$1 login=$2; shift 2; "$BINLOG" --no-defaults --start-position="$start" "$@" | "$CLIENT" --no-defaults $login',
          'bash',
          String(contest.start.offset),
          `--host=${host} --port=${port} --user=${user} --binary-mode`,
          ...contest.files,
        ],
        {
          env: {
            BINLOG: binlog,
            CLIENT: client,
            MYSQL_PWD: password,
            PATH: [...clientPrograms.path, process.env['PATH']].join(':'),
          },
        },
      )
    })
  },
}

/** A replica that reads from the source itself and applies with many workers. */
export const replica: Way = {
  name: `a replica, ${WORKERS} workers`,
  options: (durability) => [
    ...DURABILITY[durability],
    `--loose-replica-parallel-workers=${WORKERS}`,
    `--loose-slave-parallel-threads=${WORKERS}`,
    '--loose-slave-parallel-mode=optimistic',
    // MariaDB's default is off: it would not have to write a log, as all others do.
    '--loose-log-slave-updates=1',
  ],
  async replay(contest, target) {
    await restored(contest, contest.base, target)
    const { change, word, more, start, executed, wait } = REPLICATION[target.flavor]
    const { host, port, user, password } = contest.source.connection
    const login = `${word}_HOST='${host}', ${word}_PORT=${port}, ${word}_USER='${user}', ${word}_PASSWORD='${password}'`
    const [{ gtids }] = (await query(contest.source, `SELECT @@GLOBAL.${executed} AS gtids`)) as [RowDataPacket]
    await query(target, `${change} ${login}, ${more}`)
    return await secondsOf(async () => {
      await query(target, start, `SELECT ${wait}('${gtids}')`)
    })
  },
}

/** One of our replayers. It relaxes the server itself; the flush at the end is not in the figure, as a replica has none. */
export function ours(replayer: ReplayerName, options: Pick<RestoreOptions, 'preserveTransactions'> = {}): Way {
  return {
    name: `ours, ${replayer}${options.preserveTransactions === true ? ', preserving' : ''}`,
    options: () => DURABILITY.full,
    async replay(contest, target, durability) {
      const { phases } = await restored(contest, contest.all, target, { ...options, replayer, durability })
      return (phases.replay ?? Number.NaN) / 1000
    },
  }
}

async function restored(
  { manager }: Contest,
  plan: RestorePlan,
  target: TestServer,
  options: Partial<RestoreOptions> = {},
): Promise<RestoreReport> {
  await using server = await connect(target)
  return await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', ...options })
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}
