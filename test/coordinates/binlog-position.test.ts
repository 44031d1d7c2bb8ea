import { expect, test } from 'vitest'
import {
  binlogFileNumber,
  compareBinlogPositions,
  formatBinlogPosition,
  parseBinlogPosition,
} from '../../src/coordinates/binlog-position.ts'

test('it is read and written as file and offset', () => {
  const position = parseBinlogPosition('my-host.bin@1+x.000042:1234')
  expect(position).toEqual({ file: 'my-host.bin@1+x.000042', offset: 1234 })
  expect(formatBinlogPosition(position)).toBe('my-host.bin@1+x.000042:1234')
})

test('the number of a file counts, not its text', () => {
  expect(binlogFileNumber('binlog.1000000')).toBe(1_000_000)
  const [before, after] = [parseBinlogPosition('binlog.999999:900'), parseBinlogPosition('binlog.1000000:4')]
  expect(compareBinlogPositions(before, after)).toBeLessThan(0)
  expect(compareBinlogPositions(after, { ...after, offset: 5 })).toBeLessThan(0)
  expect(compareBinlogPositions(after, after)).toBe(0)
})

test.each([
  '',
  'binlog.000042',
  'binlog.42:4',
  'binlog:4',
  '.000042:4',
  'a/b.000042:4',
  'binlog.000042:',
  'binlog.000042:-1',
  'binlog.000042:4.5',
])('"%s" is refused', (text) => {
  expect(() => parseBinlogPosition(text)).toThrow(expect.objectContaining({ code: 'InvalidPosition' }))
})
