import { expect, test } from 'vitest'
import { RestoreReport } from '../../src/restore/restore-report.ts'
import { at } from '../image/facts.ts'

const FACTS = {
  planHash: 'f'.repeat(64),
  image: { id: 'image-1', bytes: 2_500_000 },
  target: { address: 'db9:3306', version: '9.7.4' },
  replayer: 'mysqlbinlog',
  transactions: 1234,
  rowEvents: 1300,
  rows: 5000,
  lastApplied: {
    fileId: 'id',
    start: { file: 'binlog.000042', offset: 600 },
    end: { file: 'binlog.000042', offset: 700 },
    gtid: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1239',
    commitTime: at(20),
  },
  firstLeftOut: undefined,
  skipped: [],
  executedGtids: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-1239',
  isolation: 'kept',
  earlier: false,
  warnings: ['Only the databases shop are restored.'],
  phases: { check: 40, load: 12_345 },
} as const

test('a person can read it', () => {
  expect(new RestoreReport(FACTS).toText()).toBe(
    [
      'restored and proved db9:3306 (9.7.4)',
      `  plan            ${'f'.repeat(64)}`,
      '  image           image-1, 2,500,000 bytes',
      '  replayed        1,234 transactions with 5,000 rows, by mysqlbinlog',
      '  last applied    2026-11-21T10:15:20.000000Z  3e11fa47-71ca-11e1-9e33-c80aa9429562:1239  up to binlog.000042:700',
      '  first left out  none',
      '  executed GTIDs  3e11fa47-71ca-11e1-9e33-c80aa9429562:1-1239',
      '  isolation       kept; lift it with releaseTarget(server)',
      '  took            check 0.0 s, load 12.3 s',
      '  warning: Only the databases shop are restored.',
    ].join('\n'),
  )
})

test('it says where a run went on behind an earlier one', () => {
  const resumedAt = { file: 'binlog.000041', offset: 500 }
  expect(new RestoreReport({ ...FACTS, resumedAt }).toText()).toContain(
    'by mysqlbinlog\n  resumed at      binlog.000041:500, behind an earlier run\n',
  )
})

test('a program can read it', () => {
  expect(JSON.parse(JSON.stringify(new RestoreReport(FACTS)))).toMatchObject({
    transactions: 1234,
    lastApplied: { commitTime: '2026-11-21T10:15:20.000000Z' },
  })
})
