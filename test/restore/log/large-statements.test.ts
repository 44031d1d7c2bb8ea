import { expect, test } from 'vitest'
import { Timestamp } from '../../../src/coordinates/timestamp.ts'
import { LargeStatements } from '../../../src/restore/log/large-statements.ts'

// 3.9 MB of updates became more than 4 MiB when they were cut apart: a replayer then asks for what nobody had noted.
test('what is more than rows is noted when it is still smaller than what is applied piece by piece', () => {
  const large = new LargeStatements()
  const of = { commitTime: new Timestamp(0, 'microsecond'), changes: [], tablesKnown: true, rowEvents: 1, rows: 1 }
  large.addReplayed({ ...of, kind: 'xa', start: 100, end: 3_900_100, rowsObstacle: 'a part of an XA transaction' })
  large.addReplayed({ ...of, kind: 'row', start: 4_000_000, end: 4_900_000 })
  large.addReplayed({ ...of, kind: 'ddl', start: 5_000_000, end: 5_000_200, rowsObstacle: 'a statement' })
  expect([...large.starts]).toEqual([100])
})
