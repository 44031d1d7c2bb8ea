import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../../src/index.ts'
import { connect } from '../../../support/connect.ts'
import { linkedCopy } from '../../../support/damage.ts'
import { flavor } from '../../../support/flavor.ts'
import { startServer } from '../../../support/servers/index.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { run } from '../../restore/support/query.ts'

/** A source that is written to no more, and its archive in two states. */
export interface Prepared extends AsyncDisposable {
  readonly source: TestServer
  /** The archive with an image, and several binlog files behind it that are not archived. */
  readonly behind: string
  /** The archive with everything. */
  readonly whole: string
  /** A copy to work on. */
  copy(folder: string): Promise<{ readonly folder: string; readonly manager: RecoveryImageManager }>
}

/** Makes it: small, but so that every operation has many steps. */
export async function prepare(): Promise<Prepared> {
  await using undo = new AsyncDisposableStack()
  const scratch = await mkdtemp(join(tmpdir(), 'mysql-pitr-kills-'))
  undo.defer(async () => await rm(scratch, { recursive: true, force: true }))
  const source = undo.use(await startServer(flavor))
  const [behind, whole] = [join(scratch, 'behind'), join(scratch, 'whole')]
  await run(source, BEFORE_BACKUP)
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(behind) })
  await using server = await connect(source)
  await manager.backup(server, { method: mysqldump() })
  await run(source, AFTER_BACKUP)
  await linkedCopy(behind, whole)
  await (await open(whole)).archive(server)

  let copies = 0
  const kept = undo.move()
  return {
    source,
    behind,
    whole,
    async copy(folder) {
      const copy = join(scratch, `copy-${++copies}`)
      await linkedCopy(folder, copy)
      return { folder: copy, manager: await open(copy) }
    },
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}

async function open(folder: string): Promise<RecoveryImageManager> {
  return await RecoveryImageManager.open({ storage: directoryStorage(folder) })
}

const NUMBERS =
  '(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n) AS numbers'

const BEFORE_BACKUP: readonly string[] = [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(3000)) ENGINE=InnoDB',
  `INSERT INTO orders (item) SELECT RPAD(HEX(i * 99991), 3000, HEX(i + 7919)) FROM ${NUMBERS}`,
  'CREATE TABLE counts (id INT PRIMARY KEY, n INT) ENGINE=InnoDB',
  'INSERT INTO counts VALUES (1, 0)',
  'CREATE VIEW totals AS SELECT COUNT(*) AS n FROM orders',
]

const AFTER_BACKUP: readonly string[] = [
  'USE shop',
  ...[1, 2, 3, 4].flatMap((round) => [
    ...Array.from({ length: 20 }, () => 'UPDATE counts SET n = n + 1'),
    `INSERT INTO orders (item) SELECT RPAD(HEX(i * 99991), 1000, HEX(i + ${round})) FROM ${NUMBERS}`,
    `CREATE TABLE made_${round} (id INT PRIMARY KEY) ENGINE=InnoDB`,
    `DELETE FROM orders WHERE id % 7 = ${round}`,
    'FLUSH BINARY LOGS',
  ]),
  'UPDATE counts SET n = n + 1',
]
