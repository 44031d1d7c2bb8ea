import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MariadbGtidSet } from '../../src/coordinates/mariadb-gtid-set.ts'
import { MysqlGtidSet } from '../../src/coordinates/mysql-gtid-set.ts'
import { mysqlGtids, mysqlSets, UUIDS } from './gtid-model.ts'
import type { Model } from './gtid-model.ts'

const [UUID = '', OTHER = ''] = UUIDS

function setOf(model: Iterable<string>): MysqlGtidSet {
  return MysqlGtidSet.empty.withAll(model)
}

function expectHolds(set: MysqlGtidSet, model: Model) {
  expect(set.toString()).toBe(setOf(model).toString())
  expect(set.count).toBe(BigInt(model.size))
  expect(set.isEmpty).toBe(model.size === 0)
}

function filtered(model: Model, keep: (gtid: string) => boolean): Model {
  return new Set([...model].filter(keep))
}

test('the normal form is the server’s on one line', () => {
  const text = `${OTHER}:7,\n ${UUID.toUpperCase()}:Tag_1:2:1:4, ${UUID}:5:1 - 3:2-4:9,,`
  expect(MysqlGtidSet.parse(text).toString()).toBe(`${UUID}:1-5:9:tag_1:1-2:4,${OTHER}:7`)
  expect(MysqlGtidSet.parse(`${UUID.replaceAll('-', '')}:1`).toString()).toBe(`${UUID}:1`)
  expect(JSON.stringify({ set: MysqlGtidSet.parse(' \n') })).toBe('{"set":""}')
})

test.each([
  ['a zero', `${UUID}:0`],
  ['a reversed interval', `${UUID}:5-4`],
  ['a number past the end', `${UUID}:9223372036854775807`],
  ['an overflowing interval', `${UUID}:1-99999999999999999999`],
  ['a uuid that is too short', '3e11fa47-71ca-11e1-9e33-c80aa942956:1'],
  ['no numbers', UUID],
  ['a tag without numbers', `${UUID}:tag`],
  ['a tag without numbers before another', `${UUID}:tag:other:1`],
  ['a tag that is too long', `${UUID}:${'a'.repeat(33)}:1`],
  ['an open interval', `${UUID}:1-`],
  ['a negative number', `${UUID}:-1`],
  ['a GTID of MariaDB', '0-1-100'],
])('%s is refused', (_name, text) => {
  expect(() => MysqlGtidSet.parse(text)).toThrow(expect.objectContaining({ code: 'InvalidGtid' }))
})

test('the highest number is 2^63 - 2', () => {
  const set = MysqlGtidSet.parse(`${UUID}:9223372036854775806`)
  expect(set.includes(`${UUID}:9223372036854775806`)).toBe(true)
  expect(set.includes(`${UUID}:9223372036854775805`)).toBe(false)
})

test('only one GTID can be asked for or added', () => {
  expect(() => MysqlGtidSet.empty.with(`${UUID}:1-2`)).toThrow(expect.objectContaining({ code: 'InvalidGtid' }))
  expect(() => MysqlGtidSet.empty.includes(`${UUID}:1,${OTHER}:1`)).toThrow(
    expect.objectContaining({ code: 'InvalidGtid' }),
  )
})

test('sets of two flavors do not mix', () => {
  const other = MariadbGtidSet.parse('0-1-1')
  for (const work of ['contains', 'equals', 'union', 'subtract', 'intersect'] as const) {
    expect(() => MysqlGtidSet.empty[work](other)).toThrow(expect.objectContaining({ code: 'InvalidGtid' }))
  }
})

test('it does what a set of single GTIDs does', () => {
  fc.assert(
    fc.property(mysqlSets, mysqlSets, mysqlGtids, (a, b, gtid) => {
      const [x, y] = [MysqlGtidSet.parse(a.text), MysqlGtidSet.parse(b.text)]
      expectHolds(x, a.model)
      expectHolds(x.union(y), new Set([...a.model, ...b.model]))
      expectHolds(
        x.subtract(y),
        filtered(a.model, (one) => !b.model.has(one)),
      )
      expectHolds(
        x.intersect(y),
        filtered(a.model, (one) => b.model.has(one)),
      )
      expectHolds(x.with(gtid), new Set([...a.model, gtid]))
      const isSubset = [...b.model].every((one) => a.model.has(one))
      expect(x.contains(y)).toBe(isSubset)
      expect(x.equals(y)).toBe(a.model.size === b.model.size && isSubset)
      expect(x.includes(gtid)).toBe(a.model.has(gtid))
      expect(MysqlGtidSet.parse(x.toString()).equals(x)).toBe(true)
      expect(x.toString()).toBe(MysqlGtidSet.parse(a.text).toString())
    }),
    { numRuns: 500 },
  )
})

test('100,000 intervals are handled in linear time', () => {
  const text = `${UUID}:${Array.from({ length: 100_000 }, (_, i) => `${i * 3 + 1}-${i * 3 + 2}`).join(':')}`
  const started = performance.now()
  const set = MysqlGtidSet.parse(text)
  expect(set.union(set.with(`${UUID}:3`)).count).toBe(200_001n)
  expect(set.subtract(set).isEmpty).toBe(true)
  expect(set.intersect(set).equals(set)).toBe(true)
  expect(set.toString()).toBe(text)
  // It takes a tenth of a second; the bound leaves room for a busy machine and still shows quadratic work.
  expect(performance.now() - started).toBeLessThan(5000)
})
