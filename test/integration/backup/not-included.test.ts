import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../src/index.ts'
import { readClaims } from '../../../src/backup/not-in-log.ts'
import { SILENT_LOGGER } from '../../../src/options.ts'
import { flavor } from '../../support/flavor.ts'
import { connectTo, open, take } from './support/harness.ts'

const COMMON = {
  made: [
    "CREATE SERVER far FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1')",
    'CREATE TABLE mysql.mine (id INT)',
    'CREATE TABLE sys.mine (id INT)',
    'CREATE VIEW sys.my_view AS SELECT 1',
    'CREATE PROCEDURE sys.my_routine() SELECT 1',
    'CREATE EVENT mysql.my_event ON SCHEDULE EVERY 1 DAY DO SET @a = 1',
    "INSERT INTO mysql.time_zone_name VALUES ('Mars/Olympus', 1)",
  ],
  named: [
    'server of a federated table (CREATE SERVER) far',
    'time zone table mysql.time_zone_name',
    'table in a schema of the server mysql.mine',
    'table in a schema of the server sys.mine',
    'view in a schema of the server sys.my_view',
    'routine in a schema of the server sys.my_routine',
    'event in a schema of the server mysql.my_event',
  ],
}

const OWN = {
  mysql: {
    made: [
      "INSTALL COMPONENT 'file://component_query_attributes'",
      "CREATE TABLESPACE slow ADD DATAFILE 'slow.ibd'",
      `CREATE SPATIAL REFERENCE SYSTEM 1234567 NAME 'mine' DEFINITION 'GEOGCS["mine",DATUM["d",SPHEROID["s",6378137,298.25]],PRIMEM["Greenwich",0],UNIT["degree",0.017453292519943278],AXIS["Lat",NORTH],AXIS["Lon",EAST]]'`,
    ],
    named: [
      'component (INSTALL COMPONENT) file://component_query_attributes',
      'general tablespace slow',
      'spatial reference system 1234567',
    ],
  },
  mariadb: { made: [], named: [] },
}[flavor]

/** Counted as executed, as a server that was made of a dump does, and in no log. */
const DECLARED = {
  mysql: {
    made: "SET GLOBAL gtid_purged = '+7d1c8f7e-0000-11f0-8000-000000000001:1-22'",
    gtids: '7d1c8f7e-0000-11f0-8000-000000000001:1-22',
    unseen: [expect.stringMatching(/XA transactions .* whether there are any is not known/)],
  },
  mariadb: { made: "SET GLOBAL gtid_slave_pos = '7-7-22'", gtids: '7-7-22', unseen: [] },
}[flavor]

test('a backup names what the server has beside its databases and accounts, and warns of it', async () => {
  await using source = await open()
  await source.admin.query('CREATE DATABASE shop')
  const plain = await take(source.server)
  expect(plain.taken.backup.notIncluded).toEqual([])

  for (const statement of [...COMMON.made, ...OWN.made]) await source.admin.query(statement)
  const { taken, warnings } = await take(source.server)
  expect(taken.backup.notIncluded).toEqual([...COMMON.named, ...OWN.named])
  for (const name of taken.backup.notIncluded) expect(warnings).toContain(`not in the backup: ${name}`)

  await source.admin.query(DECLARED.made)
  const folder = await mkdtemp(join(tmpdir(), 'not-included-'))
  const storage = directoryStorage(join(folder, 'archive'))
  const image = await (await RecoveryImageManager.create({ storage })).backup(source.server, { method: mysqldump() })
  expect(image.backup.notIncluded.slice(taken.backup.notIncluded.length)).toEqual([
    `GTIDs the server counts as executed without having logged them ${DECLARED.gtids}`,
  ])
  await rm(folder, { recursive: true })

  await source.admin.query(
    "CREATE USER low@'%' IDENTIFIED BY 'Aa1-low'; GRANT SELECT, REPLICATION CLIENT ON *.* TO low@'%'",
  )
  const said: string[] = []
  const logger = { ...SILENT_LOGGER, warn: (message: string) => said.push(message) }
  await using low = await connectTo(source.test, { user: 'low', password: 'Aa1-low' })
  await readClaims(low, { logger })
  expect(said).toEqual(DECLARED.unseen)
})
