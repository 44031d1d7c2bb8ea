import { expect, test } from 'vitest'
import { describeRestoreTarget, normalizeRestoreTarget, parseRestoreTarget } from '../../src/image/restore-target.ts'
import type { RestoreTarget } from '../../src/image/restore-target.ts'

test.each<[RestoreTarget, string]>([
  [{ kind: 'latest' }, 'the end of the archived log'],
  [{ kind: 'time', at: '2026-11-21T10:15:30.123456Z' }, '2026-11-21T10:15:30.123456Z'],
  [{ kind: 'time', at: '2026-11-21T10:15:30Z', exclusive: true }, 'just before 2026-11-21T10:15:30Z'],
  [{ kind: 'transaction', gtid: '0-1-100', side: 'after' }, 'just after transaction 0-1-100'],
  [{ kind: 'position', at: { file: 'binlog.000042', offset: 4 } }, 'position binlog.000042:4'],
])('%o survives JSON, and is told in words', (target, words) => {
  expect(parseRestoreTarget(JSON.parse(JSON.stringify(target)))).toEqual(target)
  expect(describeRestoreTarget(target)).toBe(words)
})

test('a time is written in UTC, whatever it was given as', () => {
  const target = { kind: 'time', at: '2026-11-21T10:15:30Z' }
  expect(normalizeRestoreTarget({ kind: 'time', at: '2026-11-21T11:15:30+01:00', exclusive: false })).toEqual(target)
  expect(normalizeRestoreTarget({ kind: 'time', at: new Date('2026-11-21T10:15:30Z') })).toEqual(target)
})

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'InvalidArgument'],
  ['another kind', { kind: 'newest' }, 'InvalidArgument'],
  ['a field too many', { kind: 'latest', at: 1 }, 'InvalidArgument'],
  ['a time without offset', { kind: 'time', at: '2026-11-21T10:15:30' }, 'InvalidInstant'],
  ['no side', { kind: 'transaction', gtid: '0-1-1' }, 'InvalidArgument'],
  ['a position without number', { kind: 'position', at: { file: 'binlog', offset: 4 } }, 'InvalidPosition'],
  ['a negative offset', { kind: 'position', at: { file: 'binlog.000001', offset: -4 } }, 'InvalidArgument'],
])('refused: %s', (_name, json, code) => {
  expect(() => parseRestoreTarget(json)).toThrow(expect.objectContaining({ code }))
})
