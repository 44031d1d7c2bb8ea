import { expect, test } from 'vitest'
import { parseGtidSet } from '../../src/coordinates/parse-gtid-set.ts'
import { RestorePlan } from '../../src/image/restore-plan.ts'
import type { RestorePlanParts } from '../../src/image/restore-plan-parts.ts'
import { at, image, segment } from './facts.ts'

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const { fileId, file, from, to, format, blob } = segment(42, 0, 900)
const { id, position, backup, startTime } = image('image-3', 42, 157, 0)

const PARTS: RestorePlanParts = {
  archiveId: 'archive-1',
  timelineId: 'timeline-1',
  target: { kind: 'time', at: '2026-11-21T10:15:30Z' },
  image: { id, position, fileId, gtidSet: parseGtidSet('mysql', `${UUID}:1-5`), startTime, backup },
  segments: [{ fileId, file, from, to, format, blob }],
  start: { fileId, position },
  stop: { fileId, position: { file, offset: 700 } },
  bytes: { backup: 2_500_000_000, binlog: 543 },
  counts: { transactions: 1234, rowEvents: 1300, rows: 5000 },
  leftOut: { transactions: 1, rowEvents: 1, rows: 1, bytes: 60 },
  gtids: { after: parseGtidSet('mysql', `${UUID}:1-1239`), replayed: parseGtidSet('mysql', `${UUID}:6-1239`) },
  resolution: 'microsecond',
  lastIncluded: {
    fileId,
    start: { file, offset: 600 },
    end: { file, offset: 700 },
    gtid: `${UUID}:1239`,
    commitTime: at(20),
    tables: ['shop.orders', 'shop.items'],
  },
  firstExcluded: {
    fileId,
    start: { file, offset: 700 },
    end: { file, offset: 800 },
    gtid: `${UUID}:1240`,
    commitTime: at(152),
    tables: ['shop.orders'],
    statement: 'DROP TABLE `orders`',
  },
  warnings: ['Only the databases shop are restored.'],
}

const plan = new RestorePlan(PARTS)
const json = (): Record<string, unknown> => JSON.parse(JSON.stringify(plan)) as Record<string, unknown>

test('it survives JSON', () => {
  const again = RestorePlan.fromJSON(json())
  expect(JSON.parse(JSON.stringify(again))).toEqual(json())
  expect(again.hash).toBe(plan.hash)
  expect(again.gtids?.after.equals(PARTS.gtids?.after ?? again.gtids.replayed)).toBe(true)
  expect(again.image.startTime).toEqual(startTime)
})

test('its hash does not depend on the order of keys', () => {
  const shuffled = Object.fromEntries(Object.entries(json()).toReversed())
  expect(RestorePlan.fromJSON(shuffled).hash).toBe(plan.hash)
})

test('a person can read it', () => {
  expect(plan.toText().replace(plan.hash, '<hash>')).toMatchInlineSnapshot(`
    "Restore to      2026-11-21T10:15:30Z
    Resolution      microsecond: commit times are compared exactly
    Image           image-3
                    taken at 2026-11-21T10:15:00.000000Z, at binlog.000042:157
    Backup          2.5 GB in 1 part: all databases
                    taken with mysqldump (mysqldump 9.7.4) from server 1, version 9.7.4
    Replay from     binlog.000042:157
    Replay to       binlog.000042:700
    Binary log      1,234 transactions, 5,000 rows, 543 bytes
                    from 1 segment of 1 file, 100 bytes stored
    Last included   2026-11-21T10:15:20.000000Z  (10 seconds before the target)
                    at binlog.000042:600, GTID 3e11fa47-71ca-11e1-9e33-c80aa9429562:1239
                    touches shop.orders, shop.items
    First left out  2026-11-21T10:17:32.000000Z  (2 minutes after the target)
                    at binlog.000042:700, GTID 3e11fa47-71ca-11e1-9e33-c80aa9429562:1240
                    touches shop.orders
                    DROP TABLE \`orders\`
    Not replayed    1 transaction, 1 row, 60 bytes: of what is not restored
    Warning         Only the databases shop are restored.
    Archive         archive-1, timeline timeline-1
    Plan            <hash>"
  `)
})

test('what is skipped survives JSON, is not replayed, and a person can read it', () => {
  const ref = (offset: number, number: number) => ({
    fileId,
    start: { file, offset },
    end: { file, offset: offset + 50 },
    gtid: `${UUID}:${number}`,
    commitTime: at(10),
  })
  const changes = [{ database: 'shop', table: 'orders', inserted: 1, updated: 0, deleted: 20 }]
  const skipping = new RestorePlan({
    ...PARTS,
    skipped: {
      transactions: [{ ...ref(300, 9), kind: 'row', changes, rowEvents: 2, rows: 21, statement: 'DELETE FROM orders' }],
      later: [
        { table: 'shop.orders', transactions: 2, first: [ref(400, 11), ref(450, 12)] },
        { transactions: 1, first: [ref(500, 13)] },
      ],
      gtids: 'missing',
    },
    gtids: { after: parseGtidSet('mysql', `${UUID}:1-1239`), replayed: parseGtidSet('mysql', `${UUID}:6-8:10-1239`) },
  })
  expect(skipping.replayed).toEqual({ transactions: 1232, rowEvents: 1297, rows: 4978 })
  expect(RestorePlan.fromJSON(JSON.parse(JSON.stringify(skipping))).hash).toBe(skipping.hash)
  expect(skipping.hash).not.toBe(plan.hash)
  const lines = skipping.toText().split('\n')
  const first = lines.findIndex((line) => line.startsWith('Skipped'))
  expect(
    lines
      .slice(
        first,
        lines.findIndex((line) => line.startsWith('Last included')),
      )
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "Skipped         2026-11-21T10:15:10.000000Z  (20 seconds before the target)
                    at binlog.000042:300, GTID 3e11fa47-71ca-11e1-9e33-c80aa9429562:9
                    touches shop.orders (1 row inserted, 20 rows deleted)
                    DELETE FROM orders
    Changed later   shop.orders by 2 transactions, from 3e11fa47-71ca-11e1-9e33-c80aa9429562:11 on
                    nobody knows which tables, by 1 transaction, from 3e11fa47-71ca-11e1-9e33-c80aa9429562:13 on
                    These may be refused, and the restore fails then; or leave content that never existed.
    Their GTIDs     3e11fa47-71ca-11e1-9e33-c80aa9429562:9: not executed on the target, which would fetch them from a server that has them"
  `)
})

test('what was chosen survives JSON, and a person can read it', () => {
  const only = { databases: ['crm', 'web'], tables: ['shop.orders'] }
  const chosen = new RestorePlan({ ...PARTS, only })
  const again = RestorePlan.fromJSON(JSON.parse(JSON.stringify(chosen)))
  expect(again.only).toEqual(only)
  expect(again.hash).toBe(chosen.hash)
  expect(chosen.hash).not.toBe(plan.hash)
  expect(chosen.toText()).toMatch(/^Only +the databases crm, web and the table shop\.orders$/m)
})

test('without anything to replay it says so', () => {
  const text = new RestorePlan({
    ...PARTS,
    segments: [],
    stop: PARTS.start,
    lastIncluded: undefined,
    firstExcluded: undefined,
  }).toText()
  expect(text).toContain('nothing to replay')
  expect(text).not.toContain('Replay from')
})

test('what is replayed is what there is without what is left out', () => {
  expect(plan.replayed).toEqual({ transactions: 1233, rowEvents: 1299, rows: 4999 })
})

test('another format is unknown', () => {
  expect(() => RestorePlan.fromJSON({ ...json(), formatVersion: 2 })).toThrow(
    expect.objectContaining({ code: 'UnknownFormat' }),
  )
})

test.each<[string, unknown]>([
  ['no plan', null],
  ['no version', { ...json(), formatVersion: undefined }],
  ['no hash', { ...json(), hash: undefined }],
  ['another stop', { ...json(), stop: { fileId, position: { file, offset: 800 } } }],
  ['a start that is not the image', { ...json(), start: { fileId, position: { file, offset: 200 } } }],
  ['segments that do not begin at byte 0', { ...json(), segments: [{ fileId, file, from: 5, to, format, blob }] }],
  ['a field too many', { ...json(), note: 'edited' }],
  ['a GTID set that is none', { ...json(), gtids: { after: 'x', replayed: '' } }],
  ['a choice of no table', { ...json(), only: { tables: ['orders'] } }],
  ['a target that is none', { ...json(), target: { kind: 'time', at: '10:15' } }],
])('a plan that is not as it was made is refused: %s', (_name, edited) => {
  expect(() => RestorePlan.fromJSON(edited)).toThrow(expect.objectContaining({ code: 'CorruptManifest' }))
})

test('the text says what the server had and the backup does not hold', () => {
  const notIncluded = ['plugin (INSTALL PLUGIN) clone', 'resource group night']
  const plan = new RestorePlan({ ...PARTS, image: { ...PARTS.image, backup: { ...backup, notIncluded } } })
  expect(plan.toText()).toMatch(/^Not in backup +plugin \(INSTALL PLUGIN\) clone\n +resource group night$/m)
  expect(new RestorePlan(PARTS).toText()).not.toContain('Not in backup')
})
