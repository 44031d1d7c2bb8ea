import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { programFailure } from '../src/host/program-failure.ts'
import { replayFailed } from '../src/restore/replay/replay-failed.ts'
import { mayHoldSecret, NOT_SHOWN, withoutSecrets } from '../src/secrets.ts'
import { queryError } from '../src/server/query-error.ts'

const SECRET = 'hunter2'

const STATEMENTS = [
  `CREATE USER app@'%' IDENTIFIED BY '${SECRET}'`,
  `create user app identified with caching_sha2_password as '${SECRET}'`,
  `CREATE USER app IDENTIFIED WITH caching_sha2_password AS 0x${Buffer.from(SECRET).toString('hex')} /* ${SECRET} */`,
  `CREATE USER app IDENTIFIED VIA ed25519 USING PASSWORD("${SECRET}")`,
  `ALTER USER app IDENTIFIED BY '${SECRET}' REPLACE 'old'`,
  `ALTER USER app/* one\ntwo */IDENTIFIED\n\tBY\n'${SECRET}'`,
  `SET PASSWORD FOR app = '${SECRET}'`,
  `SET PASSWORD\nFOR app@'%'\n= PASSWORD('${SECRET}')`,
  `GRANT ALL ON *.* TO app IDENTIFIED BY PASSWORD '${SECRET}'`,
  `CHANGE REPLICATION SOURCE TO SOURCE_USER='r', SOURCE_PASSWORD='${SECRET}'`,
  `CHANGE MASTER TO MASTER_PASSWORD="${SECRET}"`,
  `START REPLICA USER='r' PASSWORD='${SECRET}'`,
  `START GROUP_REPLICATION USER='r', PASSWORD='${SECRET}', DEFAULT_AUTH='x'`,
  `CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'r', PASSWORD '${SECRET}')`,
  `ALTER SERVER s OPTIONS(PASSWORD/**/'${SECRET}')`,
  `CLONE INSTANCE FROM u@h:3306 IDENTIFIED BY '${SECRET}'`,
  `CREATE TABLE f (a INT) ENGINE=FEDERATED CONNECTION='mysql://fed:${SECRET}@host:3306/d/t'`,
  `CREATE TABLE f (a INT) ENGINE=FEDERATED CONNECTION='mysql://fed:${SECRET}`,
  `CREATE TABLE s (a INT) ENGINE=SPIDER COMMENT='user "u", password "${SECRET}"'`,
  `/*!50100 CREATE USER app IDENTIFIED BY '${SECRET}' */`,
  `SET STATEMENT max_statement_time=9 FOR ALTER USER app IDENTIFIED BY '${SECRET}'`,
  `CREATE PROCEDURE p()\nBEGIN\n  SET PASSWORD = '${SECRET}';\nEND`,
  `INSERT INTO users (name, password_hash) VALUES ('a', '${SECRET}')`,
  `UPDATE t SET a = AES_ENCRYPT('x', '${SECRET}')`,
]

describe('a statement that may hold a secret', () => {
  test.each(STATEMENTS)('is known: %s', (statement) => {
    expect(mayHoldSecret(statement)).toBe(true)
  })

  test.each([
    'DROP TABLE shop.orders',
    "GRANT SELECT ON shop.* TO 'app'@'%'",
    'DROP USER app',
    "INSERT INTO orders VALUES ('https://example.org/a')",
    "CREATE TABLE t (a INT) ENCRYPTION='Y'",
  ])('is not any other: %s', (statement) => {
    expect(mayHoldSecret(statement)).toBe(false)
  })
})

/** What programs and servers wrap a statement in. */
const QUOTES: readonly ((statement: string) => string)[] = [
  (statement) => statement,
  (statement) => `mysqldump: Couldn't execute '${statement}': Unknown error (1105)`,
  (statement) =>
    `ERROR 1064 (42000) at line 7: You have an error in your SQL syntax; check the manual for the right syntax to use near '${statement}' at line 1`,
  (statement) =>
    `--------------\n${statement}\n--------------\n\nERROR 1396 (HY000) at line 7: failed near '${statement}`,
  (statement) => `mariadb: [Warning] statement skipped: ${statement}`,
]

describe('what a program said', () => {
  test.each(STATEMENTS)('shows nothing of a statement cut off at any place behind it: %s', (statement) => {
    for (const quote of QUOTES) {
      const text = quote(statement)
      const from = text.indexOf(SECRET)
      // From the first four characters of the secret on.
      for (let end = Math.max(from, 0) + 4; end <= text.length; end++) {
        expect(withoutSecrets(text.slice(0, end))).not.toContain(SECRET.slice(0, 4))
      }
    }
  })

  test('shows nothing of a syntax error: it quotes from the place that was not understood', () => {
    const said = `ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; near 'BYY '${SECRET}'\n REQUIRE SSL' at line 1`
    expect(withoutSecrets(said)).toBe(`ERROR 1064 (42000) at line 3: ${NOT_SHOWN}`)
  })

  test.each([
    [
      'ERROR 1064 (42000) at line 3',
      `Fehler in der SQL-Syntax. Bitte im Handbuch nachschlagen. bei 'x '${SECRET}'' in Zeile 1`,
    ],
    ['mysqldump: Got error: 1064', `Erreur de syntaxe pr\u00e8s de 'x '${SECRET}'' \u00e0 la ligne 1`],
  ])('knows a syntax error by its number, in any language: %s', (head, words) => {
    expect(withoutSecrets(`${head}: ${words}`)).toBe(`${head}: ${NOT_SHOWN}`)
  })

  test('shows nothing else once one line may hold a secret: the next may be of the same statement', () => {
    const said = `ERROR 1 (HY000): near\nSET PASSWORD =\n'${SECRET}\nERROR ${SECRET}'`
    expect(withoutSecrets(said)).toBe(`ERROR 1 (HY000): ${NOT_SHOWN}`)
  })

  test.each([
    `mysqldump: Got error: 1045: Access denied for user 'app'@'localhost' (using password: YES) when trying to connect`,
    'ERROR 1819 (HY000): Your password does not satisfy the current policy requirements',
    "ERROR 1524 (HY000): Plugin 'mysql_native_password' is not loaded",
    "ERROR 1146 (42S02) at line 5: Table 'shop.orders' doesn't exist",
    "ERROR 1062 (23000): Duplicate entry '7' for key 'orders.PRIMARY'",
    'mysqlbinlog: unknown option',
  ])('is kept as it is when it gives nothing away: %s', (said) => {
    expect(withoutSecrets(said)).toBe(said)
  })

  test('keeps the program, the number and the line of what it does not show', () => {
    const shown = (text: string) => withoutSecrets(text).replace(NOT_SHOWN, '...')
    const tail = "near 'x'"
    expect(shown(`ERROR 1064 (42000) at line 12: ${tail}`)).toBe('ERROR 1064 (42000) at line 12: ...')
    expect(shown(`--------------\nSET PASSWORD = 'x'\n--------------\n\nERROR 1 (HY000) at line 7: No`)).toBe(
      'ERROR 1 (HY000) at line 7: ...',
    )
    expect(shown(`mysqldump: Got error: 1064: ${tail}`)).toBe('mysqldump: Got error: 1064: ...')
    expect(shown(`mariadb-binlog: ERROR: ${tail}`)).toBe('mariadb-binlog: ERROR: ...')
  })

  test('never shows what stands behind a telling word, whatever is around it', () => {
    const word = fc.constantFrom('IDENTIFIED BY', 'password', 'SOURCE_PASSWORD=', 'Passwd', 'OPTIONS(PASSWORD')
    fc.assert(
      fc.property(fc.string(), word, fc.string(), fc.string(), (before, telling, between, after) => {
        expect(withoutSecrets(`${before}${telling}${between}'§${SECRET}§'${after}`)).not.toContain(SECRET)
      }),
    )
  })
})

describe('an error', () => {
  const stderr = `ERROR 1396 (HY000) at line 2: Operation failed\nCREATE USER a\nIDENTIFIED BY\n'${SECRET}`
  const end = { exitCode: 1, signal: undefined, stderr }

  test('of a program that failed shows no secret in message and details', () => {
    const error = programFailure('LoadFailed', 'mysql', end, 'none')
    expect(JSON.stringify(error)).not.toContain(SECRET)
    expect(error.message).toBe(`mysql ended with exit status 1: ERROR 1396 (HY000) at line 2: ${NOT_SHOWN}`)
  })

  test('of a replay shows no secret in message and details', () => {
    const error = replayFailed('mysql', end, stderr, { file: 'binlog.000001', last: undefined })
    expect(JSON.stringify(error)).not.toContain(SECRET)
    expect(error.details).toMatchObject({ exitCode: 1, stderr: `ERROR 1396 (HY000) at line 2: ${NOT_SHOWN}` })
  })

  test.each(STATEMENTS)('of a statement of ours shows no secret: %s', (sql) => {
    for (const errno of [1064, 1396, 1045, 2013]) {
      const driver = Object.assign(new Error(`near '${sql.slice(12)}' at line 1`), { errno, sql })
      const error = queryError(sql, driver)
      expect(JSON.stringify(error)).not.toContain(SECRET)
      expect(error.cause).toBeUndefined()
    }
  })
})
