import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Server } from '../../../src/server/server.ts'
import type { Session } from '../../../src/server/session.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

const ODD = `'we''ird\\\\ü"\`x'@'%'`

const OBJECTS = [
  'CREATE DATABASE `od``d_%`',
  'CREATE TABLE `od``d_%`.`t``é` (`c``1` INT, b INT)',
  'CREATE PROCEDURE `od``d_%`.p() SELECT 1',
  'CREATE FUNCTION `od``d_%`.f() RETURNS INT DETERMINISTIC RETURN 1',
]

const ACCOUNTS = [
  'CREATE ROLE r1',
  'CREATE ROLE r3',
  'GRANT r1 TO r3',
  'GRANT SELECT, INSERT ON `od``d_%`.* TO r1',
  'GRANT SELECT (`c``1`), UPDATE (b) ON `od``d_%`.`t``é` TO r3',
  'GRANT EXECUTE ON PROCEDURE `od``d_%`.p TO r1',
  'GRANT EXECUTE ON FUNCTION `od``d_%`.f TO r3',
  `CREATE USER ${ODD} IDENTIFIED BY 'pw\\\\''"é'`,
  "CREATE USER 'ssl'@'10.0.0.0/255.0.0.0' IDENTIFIED BY 'x' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 5",
  "GRANT SELECT ON *.* TO 'ssl'@'10.0.0.0/255.0.0.0' WITH GRANT OPTION",
  "CREATE USER 'x509'@'localhost' REQUIRE SUBJECT '/CN=a''b\\\\c' AND ISSUER '/CN=ca'",
  "CREATE USER 'locked'@'%' IDENTIFIED BY 'x' ACCOUNT LOCK",
  "GRANT ALL PRIVILEGES ON `od``d\\_\\%`.* TO 'locked'@'%'",
  "CREATE USER 'expired'@'%' IDENTIFIED BY 'x' PASSWORD EXPIRE",
  "GRANT CREATE USER ON *.* TO 'expired'@'%'",
  "CREATE USER 'expiring'@'%' IDENTIFIED BY 'x' PASSWORD EXPIRE INTERVAL 5 DAY",
  "CREATE USER ''@'anonymous.example'",
  `GRANT r1 TO ${ODD}`,
  ...{
    mysql: [
      "CREATE USER 'attributes'@'%' IDENTIFIED BY 'x' ATTRIBUTE '{\"a\": \"b''c\"}'",
      "GRANT BACKUP_ADMIN, SELECT ON *.* TO 'attributes'@'%' WITH GRANT OPTION",
      "CREATE USER 'limits'@'%' IDENTIFIED BY 'x' FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2 PASSWORD HISTORY 5",
      "GRANT r1, r3 TO 'limits'@'%' WITH ADMIN OPTION",
      `GRANT r3 TO ${ODD}`,
      `SET DEFAULT ROLE r1, r3 TO ${ODD}`,
    ],
    mariadb: [
      "CREATE USER 'either'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('x') OR unix_socket",
      "CREATE USER 'dead'@'%' IDENTIFIED VIA mysql_native_password USING 'invalid'",
      "GRANT r1 TO 'locked'@'%' WITH ADMIN OPTION",
      'GRANT SELECT ON `od``d_%`.* TO PUBLIC',
      `SET DEFAULT ROLE r1 FOR ${ODD}`,
    ],
  }[flavor],
]

const TABLES = {
  mysql: ['user', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'role_edges', 'default_roles', 'global_grants'],
  mariadb: ['global_priv', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'roles_mapping'],
}[flavor]

describe('accounts', () => {
  let source: TestServer
  let target: TestServer

  beforeAll(async () => {
    ;[source, target] = await Promise.all([startServer(flavor), startServer(flavor)])
  })

  afterAll(async () => {
    await source[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  test('read from one server and made on another are the same, to the byte of their tables', async () => {
    const from = await connected(source)
    const to = await connected(target)
    await using there = await from.openSession()
    await using here = await to.openSession()
    await there.run([...OBJECTS, ...ACCOUNTS])
    await here.run(OBJECTS)

    const read = await definitions(from, there)
    expect(read.length).toBeGreaterThan(8)
    for (const { create } of read) await here.query(create)
    for (const { grants } of read) await here.run(grants)

    expect(await definitions(to, here)).toEqual(read)
    for (const table of TABLES) expect(await rows(here, table)).toEqual(await rows(there, table))
  })

  async function definitions(server: Server, session: Session) {
    const all = await server.dialect.accounts(session)
    return all.filter(({ account }) => !/^'(?:root|pitr_admin)'/.test(account))
  }

  // When a password was set is the one thing that differs, in whatever form it is kept.
  async function rows(session: Session, table: string): Promise<readonly string[]> {
    const all = await session.query(`SELECT * FROM mysql.${table}`)
    return all
      .map((row) => JSON.stringify(row).replaceAll(/\\?"(?:password_last_changed|Timestamp)\\?":(?:"[^"]*"|\d+)/g, ''))
      .filter((row) => !/"User":"(?:root|pitr_admin)"/.test(row))
      .toSorted()
  }
})
