import { beforeAll, describe, test } from 'vitest'
import type { ErrorCode, RecoveryImageManager, RestoreTarget } from '../../../src/index.ts'
import { flavor } from '../../support/flavor.ts'
import { readOrder } from '../../support/oracle/index.ts'
import type { LoggedTransaction } from '../../support/oracle/index.ts'
import { expectNothingDone, open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

let prepared: Prepared
let manager: RecoveryImageManager
let inside: LoggedTransaction
beforeAll(async () => {
  prepared = await prepare()
  manager = await open(prepared.folder)
  const found = (await readOrder(prepared.source, /^`shop`\.`orders`$/)).find(({ label }) => label === 25)
  if (found === undefined) throw new Error('the log lacks a transaction')
  inside = found
  return async () => await prepared[Symbol.asyncDispose]()
})

interface BadTarget {
  readonly target: () => RestoreTarget
  readonly code: ErrorCode
  readonly subject: (() => string) | RegExp
}

const UNKNOWN = flavor === 'mysql' ? '12345678-1234-1234-1234-123456789abc:1' : '0-4242-4242'

const BAD_TARGETS: Readonly<Record<string, BadTarget>> = {
  'a time without offset': {
    target: () => ({ kind: 'time', at: '2026-11-21T10:15:30' }),
    code: 'InvalidInstant',
    subject: /2026-11-21T10:15:30/,
  },
  'a day that does not exist': {
    target: () => ({ kind: 'time', at: '2026-02-30T10:15:30Z' }),
    code: 'InvalidInstant',
    subject: /2026-02-30/,
  },
  'a Date that is none': {
    target: () => ({ kind: 'time', at: new Date('soon') }),
    code: 'InvalidInstant',
    subject: /Invalid Date/,
  },
  'a time before the first backup': {
    target: () => ({ kind: 'time', at: '2001-01-01T00:00:00Z' }),
    code: 'TargetBeforeWindow',
    subject: /2001-01-01T00:00:00/,
  },
  'a time in the future': {
    target: () => ({ kind: 'time', at: '2101-01-01T00:00:00Z' }),
    code: 'TargetBeyondWindow',
    subject: /2101-01-01T00:00:00/,
  },
  'a GTID nobody wrote': {
    target: () => ({ kind: 'transaction', gtid: UNKNOWN, side: 'before' }),
    code: 'TransactionNotFound',
    subject: () => UNKNOWN,
  },
  'a GTID that is none': {
    target: () => ({ kind: 'transaction', gtid: 'binlog.000001:4', side: 'after' }),
    code: 'InvalidGtid',
    subject: /binlog\.000001:4/,
  },
  "a GTID of the other flavor's syntax": {
    target: () => ({
      kind: 'transaction',
      gtid: flavor === 'mysql' ? '0-1-1' : '12345678-1234-1234-1234-123456789abc:1',
      side: 'after',
    }),
    code: 'InvalidGtid',
    subject: /-1/,
  },
  'a position in an unknown file': {
    target: () => ({ kind: 'position', at: { file: 'binlog.000999', offset: 4 } }),
    code: 'TargetBeyondWindow',
    subject: /binlog\.000999:4/,
  },
  'a position behind the archived end': {
    target: () => ({ kind: 'position', at: { file: 'binlog.000002', offset: 900_000_000 } }),
    code: 'TargetBeyondWindow',
    subject: /binlog\.000002:900000000/,
  },
  'a position before the first image': {
    target: () => ({ kind: 'position', at: { file: 'binlog.000001', offset: 4 } }),
    code: 'TargetBeforeWindow',
    subject: /binlog\.000001:4/,
  },
  'a position that is none': {
    target: () => ({ kind: 'position', at: { file: 'binlog', offset: 4 } }),
    code: 'InvalidPosition',
    subject: /binlog/,
  },
  'a target of an unknown kind': {
    target: () => ({ kind: 'yesterday' }) as unknown as RestoreTarget,
    code: 'InvalidArgument',
    subject: /kind/,
  },
}

describe('a moment that cannot be planned', () => {
  test.each(Object.entries(BAD_TARGETS))('%s', async (_, { target, code, subject }) => {
    await expectNothingDone(prepared, async () => await manager.plan(target()), {
      code,
      subject: typeof subject === 'function' ? subject() : subject,
    })
  })

  test('a position inside a transaction: NotABoundary names its two neighbours', async () => {
    const { file, start, end } = inside
    const at = { file, offset: start + 5 }
    await expectNothingDone(prepared, async () => await manager.plan({ kind: 'position', at }), {
      code: 'NotABoundary',
      subject: `${file}:${at.offset}`,
      message: new RegExp(`\\b${start}\\b.*\\b${end}\\b`, 's'),
    })
  })
})
