import { describe, expect, test } from 'vitest'
import { flavorQuestions } from '../../checks/flavor-questions.ts'

const questionsIn = (code: string): string[] => flavorQuestions('src/backup/dump.ts', code)

describe('a question for the flavour', () => {
  test.each([
    "if (flavor === 'mariadb') run()",
    "const x = 'mysql' != server.flavor",
    "switch (flavor) { case 'mysql': run() }",
    'if (server.isMariaDB) run()',
    'if (isMysql(server)) run()',
    "const program = { mysql: 'mysqldump', mariadb: 'mariadb-dump' }[flavor]",
  ])('is found in: %s', (code) => {
    expect(questionsIn(code)).toHaveLength(1)
  })

  test.each([
    "const flavors = ['mysql', 'mariadb']",
    "type Flavor = 'mysql' | 'mariadb'",
    "const flavor: Flavor = 'mysql'",
    "// is it flavor === 'mariadb'?",
    "import mysql from 'mysql2'",
  ])('is not seen in: %s', (code) => {
    expect(questionsIn(code)).toEqual([])
  })

  test('is named with its line', () => {
    expect(questionsIn("\n\nconst x =\n  flavor === 'mysql'")).toEqual(["src/backup/dump.ts:4: flavor === 'mysql'"])
  })

  test.each(['src/server/flavor/mysql.ts', 'src/binlog/events/gtid.ts', 'src/coordinates/gtid-set.ts'])(
    'is allowed in %s',
    (path) => {
      expect(flavorQuestions(path, "flavor === 'mysql'")).toEqual([])
    },
  )

  test('is not allowed elsewhere in server/', () => {
    expect(flavorQuestions('src/server/server.ts', "flavor === 'mysql'")).toHaveLength(1)
  })
})
