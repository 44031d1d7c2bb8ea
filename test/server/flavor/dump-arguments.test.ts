import { expect, test } from 'vitest'
import { mariadbDump } from '../../../src/server/flavor/mariadb-dump.ts'
import { mysqlDump } from '../../../src/server/flavor/mysql-dump.ts'

test.each([
  ['10.6.22', false],
  ['10.10.7', false],
  ['10.11.2', true],
  ['11.8.6', true],
])('mariadb-dump %s is asked for the history of tables: %s; it knows the option since 10.11', (version, isAsked) => {
  expect(mariadbDump.dumpArguments('snapshot', version).includes('--dump-history')).toBe(isAsked)
  expect(mariadbDump.historyProgram(version) === undefined).toBe(isAsked)
})

test.each([
  ['8.0.25', '--master-data=2'],
  ['8.0.26', '--source-data=2'],
  ['9.7.4', '--source-data=2'],
])('mysqldump %s is asked for its position by %s', (version, argument) => {
  expect(mysqlDump.dumpArguments('snapshot', version)).toContain(argument)
})
