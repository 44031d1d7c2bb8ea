import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MariadbGtidSet } from '../../src/coordinates/mariadb-gtid-set.ts'
import { parseGtidSet } from '../../src/coordinates/parse-gtid-set.ts'

const gtids = fc.record({
  domain: fc.integer({ min: 0, max: 3 }),
  server: fc.integer({ min: 1, max: 3 }),
  sequence: fc.integer({ min: 1, max: 20 }),
})
const lists = fc.array(gtids, { maxLength: 6 })
type Gtid = typeof gtids extends fc.Arbitrary<infer T> ? T : never

const textOf = ({ domain, server, sequence }: Gtid) => `${domain}-${server}-${sequence}`
const setOf = (list: readonly Gtid[]) => MariadbGtidSet.parse(list.map(textOf).join(', '))
const highest = (list: readonly Gtid[], domain: number) =>
  Math.max(0, ...list.filter((gtid) => gtid.domain === domain).map(({ sequence }) => sequence))

test('the last GTID of a domain stands for all before it, by whichever server', () => {
  const set = parseGtidSet('mariadb', '5-2-7,\n0-1-100')
  expect(set.toString()).toBe('0-1-100,5-2-7')
  expect(set.includes('0-9-100')).toBe(true)
  expect(set.includes('0-1-101')).toBe(false)
  expect(set.includes('1-1-1')).toBe(false)
})

test('of several GTIDs of one domain the highest sequence counts', () => {
  expect(MariadbGtidSet.parse('0-1-5,0-2-9,0-3-9,0-4-2').toString()).toBe('0-3-9')
})

test('sequence numbers have 64 bits', () => {
  const text = '4294967295-4294967295-18446744073709551615'
  expect(MariadbGtidSet.parse(text).toString()).toBe(text)
})

test.each([
  '0-1',
  '0-1-0',
  '0-1-18446744073709551616',
  '4294967296-1-1',
  '0-4294967296-1',
  '0-1-1,',
  '0--1-1',
  'x',
  '3e11fa47-71ca-11e1-9e33-c80aa9429562:1',
])('%s is refused', (text) => {
  expect(() => MariadbGtidSet.parse(text)).toThrow(expect.objectContaining({ code: 'InvalidGtid' }))
})

test('it does what the last sequence number of each domain says', () => {
  fc.assert(
    fc.property(lists, lists, gtids, (a, b, gtid) => {
      const [x, y] = [setOf(a), setOf(b)]
      const domains = [0, 1, 2, 3]
      expect(x.includes(textOf(gtid))).toBe(gtid.sequence <= highest(a, gtid.domain))
      expect(x.contains(y)).toBe(domains.every((domain) => highest(b, domain) <= highest(a, domain)))
      expect(x.union(y).toString()).toBe(setOf([...a, ...b]).toString())
      expect(x.union(y).equals(y.union(x))).toBe(true)
      expect(x.with(textOf(gtid)).toString()).toBe(setOf([...a, gtid]).toString())
      expect(x.subtract(y).toString()).toBe(
        setOf(a.filter((g) => highest(a, g.domain) > highest(b, g.domain))).toString(),
      )
      expect(x.isEmpty).toBe(a.length === 0)
    }),
  )
})
