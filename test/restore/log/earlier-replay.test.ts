import { describe, expect, test } from 'vitest'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { parseGtidSet } from '../../../src/coordinates/parse-gtid-set.ts'
import { EarlierReplay } from '../../../src/restore/log/earlier-replay.ts'
import type { EarlierState, LeftOver } from '../../../src/restore/log/earlier-replay.ts'
import type { PlannedFile } from '../../../src/restore/log/planned-file.ts'
import { at } from '../../image/facts.ts'

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const PREPARED = { from: 10, to: 20, gtid: undefined }

describe('with the GTIDs of MySQL', () => {
  const state = stateOf({ flavor: 'mysql', before: `${UUID}:1-10`, joins: true })
  const gtids = [11, 12, 13, 14, 15, 16].map((number) => `${UUID}:${number}`)

  test.each([
    { what: 'one by one', executed: '1-13', bytes: 300, at: ['binlog.000001', 400] },
    { what: 'two joined', executed: '1-10:12', bytes: 200, at: ['binlog.000001', 300] },
    { what: 'joined over a file', executed: '1-10:12:15', bytes: 500, at: ['binlog.000002', 300] },
    { what: 'all of it', executed: '1-10:16', bytes: 600, at: ['binlog.000002', 400] },
  ])('what was replayed $what is left out', ({ executed, bytes, at: [file, offset] }) => {
    const left = leftOf({ ...state, executed: set(`${UUID}:${executed}`) }, gtids)
    expect(left?.done).toMatchObject({ bytes, counts: { transactions: bytes / 100 }, at: { file, offset } })
    expect(String(left?.done.gtids)).toBe(`${UUID}:1-${10 + bytes / 100}`)
    expect(bytesOf(left!)).toBe(600 - bytes)
  })

  test('nothing was replayed yet: all of it is left, unless what was prepared before may be replayed', () => {
    const left = leftOf({ ...state, executed: set(`${UUID}:1-10`) }, gtids)
    expect(left?.done).toMatchObject({ bytes: 0, counts: { transactions: 0 }, at: state.start })
    expect(bytesOf(left!)).toBe(600)
    expect(leftOf({ ...state, executed: set(`${UUID}:1-10`) }, gtids, [], [PREPARED])).toBeUndefined()
    expect(leftOf({ ...state, executed: set(`${UUID}:1-10`), restarted: true }, gtids)).toBeUndefined()
    expect(leftOf({ ...state, executed: set(`${UUID}:1-11`) }, gtids, [], [PREPARED])?.files[0]?.prepared).toEqual([])
  })

  test.each([
    ['something else is executed', `${UUID}:1-13,4e11fa47-71ca-11e1-9e33-c80aa9429562:1`],
    ['something behind the plan is executed', `${UUID}:1-13:20`],
    ['a part of the image is missing', `${UUID}:1-9:11-13`],
    ['only something else is executed', `${UUID}:1-10,4e11fa47-71ca-11e1-9e33-c80aa9429562:1`],
  ])('it cannot be told when %s', (_, executed) => {
    expect(leftOf({ ...state, executed: set(executed) }, gtids)).toBeUndefined()
  })

  test('it cannot be told when a transaction is missing that is never joined, or one has no GTID', () => {
    const executed = set(`${UUID}:1-10:12-13`)
    expect(leftOf({ ...state, executed }, gtids)).toBeDefined()
    expect(leftOf({ ...state, executed }, gtids, [0])).toBeUndefined()
    expect(leftOf({ ...state, executed }, gtids, [1])).toBeDefined()
    expect(leftOf({ ...state, executed }, [...gtids.slice(0, 5), undefined])).toBeUndefined()
  })

  function set(text: string): EarlierState['executed'] {
    return parseGtidSet('mysql', text)
  }
})

describe('with the GTIDs of MariaDB', () => {
  const state = stateOf({ flavor: 'mariadb', before: '0-1-10', joins: false })

  test('the last of each domain tells how much was replayed', () => {
    const gtids = ['0-1-11', '5-1-1', '0-1-12', '5-1-2', '0-1-13', '0-1-14']
    const left = leftOf({ ...state, executed: parseGtidSet('mariadb', '0-1-12,5-1-1') }, gtids)
    expect(left?.done).toMatchObject({ bytes: 300, at: { file: 'binlog.000001', offset: 400 } })
    expect(leftOf({ ...state, executed: parseGtidSet('mariadb', '0-1-12,5-1-2') }, gtids)?.done.bytes).toBe(400)
    expect(leftOf({ ...state, executed: parseGtidSet('mariadb', '0-1-12,5-1-2,6-1-1') }, gtids)).toBeUndefined()
  })

  test('it cannot be told when a sequence number of the log steps back', () => {
    const executed = parseGtidSet('mariadb', '0-1-12')
    expect(leftOf({ ...state, executed }, ['0-1-11', '0-1-12', '0-2-12', '0-1-13'])).toBeUndefined()
    expect(leftOf({ ...state, executed }, ['0-1-11', '0-1-12', '0-2-13', '0-1-14'])?.done.bytes).toBe(200)
  })
})

describe('without GTIDs', () => {
  const state = { ...stateOf({ flavor: 'mariadb', before: '0-1-10', joins: false }), counts: false }
  const gtids = Array.from({ length: 6 }, () => undefined)

  test('the noted place tells it', () => {
    const place = { fileId: 'id-2', end: 200 }
    const left = leftOf({ ...state, place }, gtids)
    expect(left?.done).toMatchObject({ bytes: 400, at: { file: 'binlog.000002', offset: 200 } })
    expect(bytesOf(left!)).toBe(200)
    expect(leftOf(state, gtids)?.done.bytes).toBe(0)
  })

  test('it cannot be told by a place that is the end of no transaction, nor when GTIDs were executed', () => {
    expect(leftOf({ ...state, place: { fileId: 'id-2', end: 250 } }, gtids)).toBeUndefined()
    expect(leftOf({ ...state, place: { fileId: 'id-9', end: 200 } }, gtids)).toBeUndefined()
    const executed = parseGtidSet('mariadb', '0-1-11')
    expect(leftOf({ ...state, executed, place: { fileId: 'id-2', end: 200 } }, gtids)).toBeUndefined()
  })
})

function stateOf({ flavor, before, joins }: { flavor: 'mysql' | 'mariadb'; before: string; joins: boolean }) {
  const set = parseGtidSet(flavor, before)
  return {
    executed: set,
    before: set,
    start: { file: 'binlog.000001', offset: 100 },
    counts: true,
    restarted: false,
    joins,
  }
}

/** Two files with transactions of 100 bytes: three from 100 on, the others from 100 on too. Some are more than rows. */
function leftOf(
  state: EarlierState,
  gtids: readonly (string | undefined)[],
  text: readonly number[] = [],
  prepared: PlannedFile['prepared'] = [],
): LeftOver | undefined {
  const earlier = new EarlierReplay(state)
  for (const [i, gtid] of gtids.entries()) {
    const number = i < 3 ? 1 : 2
    const start = (i % 3) * 100 + 100
    earlier.add(transaction(start, gtid, text.includes(i)), { file: `binlog.00000${number}`, fileId: `id-${number}` })
  }
  return earlier.leftOf([plannedFile(1, 400, prepared), plannedFile(2, 400, [])])
}

function transaction(start: number, gtid: string | undefined, isText: boolean): Transaction {
  return {
    start,
    end: start + 100,
    gtid,
    commitTime: at(1),
    kind: isText ? 'ddl' : 'row',
    changes: [],
    tablesKnown: true,
    rowEvents: 1,
    rows: 2,
    rowsObstacle: isText ? 'a definition' : undefined,
  }
}

function plannedFile(number: number, to: number, prepared: PlannedFile['prepared']): PlannedFile {
  return {
    file: `binlog.00000${number}`,
    fileId: `id-${number}`,
    head: Buffer.alloc(0),
    format: { serverVersion: '9.7.4', checksum: 'crc32' },
    segments: [],
    prepared,
    wanted: [{ from: 100, to }],
    usesTemporaryTables: false,
    largeStatements: new Set(),
  }
}

function bytesOf({ files }: LeftOver): number {
  return files.flatMap(({ wanted }) => wanted).reduce((sum, { from, to }) => sum + to - from, 0)
}
