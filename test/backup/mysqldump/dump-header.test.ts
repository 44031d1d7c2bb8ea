import { expect, test } from 'vitest'

import { DumpHeader, MAX_HEADER_BYTES } from '../../../src/backup/mysqldump/dump-header.ts'
import { mariadbDump } from '../../../src/server/flavor/mariadb-dump.ts'
import { mysqlDump } from '../../../src/server/flavor/mysql-dump.ts'

const SETTINGS = "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
const SOURCE = "-- CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='binlog.000042', SOURCE_LOG_POS=1342;\n"
const MASTER = "-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000042', MASTER_LOG_POS=1342;\n"
const POSITION = { file: 'binlog.000042', offset: 1342 }

test.each([
  { what: 'mysqldump since 8.0.26', line: SOURCE, dialect: mysqlDump },
  { what: 'older mysqldump', line: MASTER, dialect: mysqlDump },
  { what: 'mariadb-dump', line: MASTER, dialect: mariadbDump },
])('the position line of $what is read, however the bytes are cut', ({ line, dialect }) => {
  const bytes = Buffer.from(`-- dump\n${SETTINGS}\n--\n${line}\n-- Current Database: \`a\`\n`)
  for (const size of [1, 7, bytes.length]) {
    const header = new DumpHeader(dialect.positionLine)
    const found = []
    for (let at = 0; at < bytes.length && found.length === 0; at += size) {
      const position = header.add(bytes.subarray(at, at + size))
      if (position !== undefined) found.push(position)
    }
    expect(found).toEqual([POSITION])
  }
})

test('a position above the session settings is a name, not the position', () => {
  const forged = MASTER.replace('42', '99')
  const header = new DumpHeader(mariadbDump.positionLine)
  expect(header.add(Buffer.from(`-- Host: h    Database: x\n${forged}${SETTINGS}${MASTER}`))).toEqual(POSITION)
})

test('a position behind the first database does not count', () => {
  const header = new DumpHeader(mysqlDump.positionLine)
  const text = `${SETTINGS}-- Current Database: \`a\`\n${SOURCE}`
  expect(() => header.add(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'DumpIncomplete' }))
})

test('a line that is not exactly a position line does not count', () => {
  for (const line of [
    ` ${SOURCE}`,
    SOURCE.replace('-- ', ''),
    SOURCE.replace(';', '; -- x'),
    SOURCE.replace('1342', '0x4'),
  ]) {
    const header = new DumpHeader(mysqlDump.positionLine)
    expect(header.add(Buffer.from(`${SETTINGS}${line}`))).toBeUndefined()
  }
})

test('a dump without a position is not searched to its end', () => {
  const header = new DumpHeader(mysqlDump.positionLine)
  expect(() => header.add(Buffer.alloc(MAX_HEADER_BYTES + 1, 'x'))).toThrow(
    expect.objectContaining({ code: 'DumpIncomplete' }),
  )
})
