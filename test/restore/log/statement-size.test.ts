import { expect, test } from 'vitest'
import { EventType } from '../../../src/binlog/event-type.ts'
import type { BinlogEvent } from '../../../src/binlog/event.ts'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { StatementSize } from '../../../src/restore/log/statement-size.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'

/** An event of some bytes; for row events, whether it is the last of its statement. */
function event(type: number, length: number, last = false): BinlogEvent {
  const body = Buffer.alloc(10)
  body.writeUInt16LE(last ? 1 : 0, 6)
  return { type, length, body, offset: 4711 } as BinlogEvent
}

const ROWS = { start: 4000, end: 5000, gtid: 'uuid:7' } as Transaction
const OTHER: Transaction = { ...ROWS, rowsObstacle: 'a definition' }
const LATER: Transaction = { ...ROWS, start: 5000, end: 6000 }
const PRINTED = { statementBytes: 1000, hint: 'Take another replayer.' }
const SENT = { ...PRINTED, rowEventBytes: 500 }
const TOO_LARGE = { code: 'Unreplayable', subject: 'binlog.000001:4711', message: 'uuid:7' } as const

const STATEMENT = [
  event(EventType.TableMap, 100),
  event(EventType.WriteRows, 300),
  event(EventType.WriteRows, 300, true),
  event(EventType.Xid, 5000),
]

function sizeOf(events: readonly BinlogEvent[], limits: typeof PRINTED): StatementSize {
  const size = new StatementSize('binlog.000001', limits)
  for (const next of events) size.add(next)
  return size
}

test('the row events of one statement count together, and those of the next one anew', () => {
  expect(() => sizeOf([...STATEMENT, ...STATEMENT], PRINTED).requireFits(ROWS)).not.toThrow()
})

// 800 bytes are less than the limit, and 1067 characters and their line ends more.
const LONG = [event(EventType.TableMap, 100), event(EventType.UpdateRows, 300), event(EventType.UpdateRows, 400, true)]

test('one that is too large as text is Unreplayable, and its transaction named', async () => {
  await expectPitrError(() => sizeOf(LONG, PRINTED).requireFits(ROWS), TOO_LARGE)
})

test.each([
  ['the text of a statement', event(EventType.Query, 1001)],
  ['a variable, which is printed as hexadecimal digits', event(EventType.UserVar, 501)],
])('%s counts', async (_, next) => {
  await expectPitrError(() => sizeOf([next], PRINTED).requireFits(OTHER), TOO_LARGE)
})

test('what is left out, or lies in another transaction, does not matter', () => {
  const size = sizeOf(LONG, PRINTED)
  expect(() => size.requireFits(LATER)).not.toThrow()
  size.leaveOut(ROWS)
  expect(() => size.requireFits(ROWS)).not.toThrow()
})

test('where row events are sent as they are, each counts alone, and only beside statements they count as text', async () => {
  const [map, first, last] = LONG
  expect(() => sizeOf(LONG, SENT).requireFits(ROWS)).not.toThrow()
  await expectPitrError(() => sizeOf(LONG, SENT).requireFits(OTHER), TOO_LARGE)
  const large = event(EventType.UpdateRows, 501)
  await expectPitrError(() => sizeOf([map!, first!, large, last!], SENT).requireFits(ROWS), TOO_LARGE)
  expect(() => sizeOf([map!, large], SENT).requireFits(OTHER)).not.toThrow()
})
