import { expect, test } from 'vitest'
import type { Options } from '../../src/cli/command-line.ts'
import { readPlanOptions, readTarget } from '../../src/cli/target.ts'
import type { RestoreTarget } from '../../src/index.ts'

const GTID = '3e11fa47-71ca-11e1-9e33-c80aa9429562:23'

test.each<[Options, RestoreTarget]>([
  [{ latest: true }, { kind: 'latest' }],
  [{ time: '2026-11-21T10:15:30Z' }, { kind: 'time', at: '2026-11-21T10:15:30Z', exclusive: false }],
  [
    { time: '2026-11-21T10:15:30Z', exclusive: true },
    { kind: 'time', at: '2026-11-21T10:15:30Z', exclusive: true },
  ],
  [{ before: GTID }, { kind: 'transaction', gtid: GTID, side: 'before' }],
  [{ after: '0-1-42' }, { kind: 'transaction', gtid: '0-1-42', side: 'after' }],
  [{ position: 'binlog.000042:1234' }, { kind: 'position', at: { file: 'binlog.000042', offset: 1234 } }],
])('%j names a target', (options, target) => {
  expect(readTarget(options)).toEqual(target)
})

test.each<[string, Options, string]>([
  ['no target', {}, 'InvalidArgument'],
  ['two targets', { latest: true, before: GTID }, 'InvalidArgument'],
  ['both sides of one transaction', { before: GTID, after: GTID }, 'InvalidArgument'],
  ['--exclusive without --time', { latest: true, exclusive: true }, 'InvalidArgument'],
  ['a position without an offset', { position: 'binlog.000042' }, 'InvalidPosition'],
])('%s is refused', (_, options, code) => {
  expect(() => readTarget(options)).toThrow(expect.objectContaining({ code }))
})

test('a time that several places fit can be decided', () => {
  expect(readPlanOptions({ ambiguous: 'last' })).toEqual({ ambiguous: 'last' })
  expect(readPlanOptions({})).toEqual({})
  expect(() => readPlanOptions({ ambiguous: 'middle' })).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
})

test('what is skipped is named by a GTID or a place', () => {
  const tagged = GTID.replace(':', ':nightly:')
  const options = { skip: [GTID, tagged, '0-1-42', 'db.binlog.000042:1234'], 'skipped-gtids': 'executed' }
  expect(readPlanOptions(options)).toEqual({
    skip: [GTID, tagged, '0-1-42', { start: { file: 'db.binlog.000042', offset: 1234 } }],
    skippedGtids: 'executed',
  })
  expect(() => readPlanOptions({ skip: ['binlog.000042'] })).toThrow(
    expect.objectContaining({ code: 'InvalidPosition' }),
  )
  expect(() => readPlanOptions({ skip: ['0-1-42'], 'skipped-gtids': 'yes' })).toThrow(
    expect.objectContaining({ code: 'InvalidArgument' }),
  )
})

test('what is restored is named by databases and tables', () => {
  expect(readPlanOptions({ 'only-database': ['crm'], 'only-table': ['shop.a', 'shop.b'] })).toEqual({
    only: { databases: ['crm'], tables: ['shop.a', 'shop.b'] },
  })
  expect(readPlanOptions({ 'only-table': ['shop.a'] })).toEqual({ only: { tables: ['shop.a'] } })
})
