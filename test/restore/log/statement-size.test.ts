import { expect, test } from 'vitest'
import { EventType } from '../../../src/binlog/event-type.ts'
import type { BinlogEvent } from '../../../src/binlog/event.ts'
import { StatementSize } from '../../../src/restore/log/statement-size.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'

/** An event of some bytes; for row events, whether it is the last of its statement. */
function event(type: number, length: number, last = false): BinlogEvent {
  const body = Buffer.alloc(10)
  body.writeUInt16LE(last ? 1 : 0, 6)
  return { type, length, body, offset: 4711 } as BinlogEvent
}

test('the row events of one statement count together, and those of the next one anew', () => {
  const size = new StatementSize('binlog.000001', 1000)
  const statement = [
    event(EventType.TableMap, 100),
    event(EventType.WriteRows, 300),
    event(EventType.WriteRows, 300, true),
    event(EventType.Xid, 5000),
  ]
  expect(() => {
    for (const next of [...statement, ...statement]) size.add(next)
  }).not.toThrow()
})

test('one that is too large as text is Unreplayable, and named', async () => {
  const size = new StatementSize('binlog.000001', 1000)
  size.add(event(EventType.TableMap, 100))
  size.add(event(EventType.UpdateRows, 300))
  // 800 bytes are less than the limit, and 1067 characters and their line ends more.
  await expectPitrError(() => size.add(event(EventType.UpdateRows, 400, true)), {
    code: 'Unreplayable',
    subject: 'binlog.000001:4711',
  })
})
