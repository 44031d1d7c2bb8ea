import { execa } from 'execa'
import { sysbenchProgram } from '../../test/support/servers/index.ts'
import type { TestServer } from '../../test/support/servers/index.ts'

/** Tables of sysbench's database `sbtest`. */
export const SYSBENCH_TABLES = 8
const ROWS = 10_000

/** Runs a command of sysbench's oltp_write_only: `prepare`, or `run` with how long. Its database must be there. */
export async function sysbench({ connection }: TestServer, ...args: readonly string[]): Promise<void> {
  const { host, port, user, password } = connection
  await execa(
    await sysbenchProgram(),
    [
      'oltp_write_only',
      `--mysql-host=${host}`,
      `--mysql-port=${port}`,
      `--mysql-user=${user}`,
      `--mysql-password=${password}`,
      `--tables=${SYSBENCH_TABLES}`,
      `--table-size=${ROWS}`,
      '--threads=8',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
}
