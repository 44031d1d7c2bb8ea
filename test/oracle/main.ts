import { execa } from 'execa'
import { parseArgs } from 'node:util'

const USAGE = 'usage: npm run test:oracle -- --targets N [--flavor mysql|mariadb] [--seed N]'

process.exitCode = await main(process.argv.slice(2))

// `npm run test:oracle -- --targets 500`: the ledger test with as many targets as one has time for.
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { targets: { type: 'string' }, flavor: { type: 'string' }, seed: { type: 'string' } },
  })
  const { targets, flavor, seed = String(Date.now() % 1_000_000_000) } = values
  if (targets === undefined) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const flavors = flavor === undefined ? ['mysql', 'mariadb'] : [flavor]
  const { exitCode = 1 } = await execa(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...flavors.flatMap((name) => ['--project', name]),
      'test/integration/ledger/ledger.test.ts',
    ],
    {
      env: { MYSQL_PITR_ORACLE_TARGETS: targets, MYSQL_PITR_ORACLE_SEED: seed },
      stdio: ['ignore', 'inherit', 'inherit'],
      reject: false,
    },
  )
  return exitCode
}
