import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StatementReader } from '../../../../src/restore/replay/direct/statement-reader.ts'

const OUTPUT = [
  '/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=1*/;',
  'DELIMITER /*!*/;',
  '# at 4',
  'use `shop`/*!*/;',
  '/*!\\C utf8mb4 *//*!*/;',
  'SET TIMESTAMP=1/*!*/;',
  '/*M!100001 SET @@session.gtid_seq_no=2*//*!*/;',
  "BINLOG '",
  'TY8BaxNy',
  "'/*!*/;",
  "INSERT INTO t VALUES ('a",
  '/*!*/;',
  'DROP DATABASE shop',
  '/*!*/;',
  '# no comment',
  "')",
  '/*!*/;',
  'DELIMITER ;',
  '# End of log file',
  'ROLLBACK /* added by mysqlbinlog */;',
  '',
].join('\n')

const LOGGED = "INSERT INTO t VALUES ('a\n/*!*/;\nDROP DATABASE shop\n/*!*/;\n# no comment\n')"

function read(output: string, logged: readonly string[], size: number) {
  const reader = new StatementReader()
  for (const statement of logged) reader.expect(Buffer.from(statement))
  const bytes = Buffer.from(output)
  const statements: string[] = []
  for (let at = 0; at < bytes.length; at += size) {
    statements.push(...reader.push(bytes.subarray(at, at + size)).map(({ sql }) => String(sql)))
  }
  return { statements, isComplete: reader.isComplete }
}

test('gives the statements of the program and of the log, in chunks of any size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), (size) => {
      expect(read(OUTPUT, [LOGGED], size)).toEqual({
        statements: [
          '/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=1*/',
          'use `shop`',
          'SET TIMESTAMP=1',
          '/*M!100001 SET @@session.gtid_seq_no=2*/',
          "BINLOG '\nTY8BaxNy\n'",
          LOGGED,
          'ROLLBACK /* added by mysqlbinlog */',
        ],
        isComplete: true,
      })
    }),
  )
})

test('takes a logged statement as it is, whatever it holds', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', "'", '\n', '/*!*/;', 'DELIMITER ;', '#', '\0', ';'),
    maxLength: 30,
  })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (logged, size) => {
      const output = `DELIMITER /*!*/;\n${logged.map((sql) => `SET TIMESTAMP=1/*!*/;\n${sql}\n/*!*/;\n`).join('')}`
      expect(read(output, logged, size)).toEqual({
        statements: logged.flatMap((sql) => ['SET TIMESTAMP=1', sql]),
        isComplete: true,
      })
    }),
  )
})

test('is not complete when a logged statement was not printed, or another one was', () => {
  expect(read('DELIMITER /*!*/;\nCOMMIT\n/*!*/;\n', ['INSERT INTO t VALUES (1)'], 100).isComplete).toBe(false)
  expect(read('DELIMITER /*!*/;\nINSERT INTO', ['INSERT INTO t VALUES (1)'], 100).isComplete).toBe(false)
})
