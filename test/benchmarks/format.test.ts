import { describe, expect, test } from 'vitest'
import type { Goal } from '../../benchmarks/support/bench-result.ts'
import { formatGoal, formatTable, isMet } from '../../benchmarks/support/format.ts'

const goal = (figure: number, comparison: '>=' | '<=', wanted: number): Goal => ({
  what: 'replay, transactions/s',
  figure,
  comparison,
  goal: wanted,
})

describe('a goal', () => {
  test.each([
    [goal(12, '>=', 12), true],
    [goal(11.999, '>=', 12), false],
    [goal(1.5, '<=', 1.5), true],
    [goal(1.501, '<=', 1.5), false],
  ])('%o is met: %s', (each, met) => {
    expect(isMet(each)).toBe(met)
  })

  test('a figure that is no finite number misses it in either direction', () => {
    for (const figure of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(isMet(goal(figure, '>=', 1))).toBe(false)
      expect(isMet(goal(figure, '<=', 1))).toBe(false)
    }
  })

  test('its line says what, the figure, the bound and the verdict', () => {
    expect(formatGoal(goal(18_236.459, '>=', 10_000))).toBe('GOAL replay, transactions/s 18236.46 >= 10000 met')
    expect(formatGoal(goal(2, '<=', 1.5))).toBe('GOAL replay, transactions/s 2 <= 1.5 missed')
  })

  test('the verdict is about the figure, not about its rounded text', () => {
    expect(formatGoal(goal(11.999, '>=', 12))).toBe('GOAL replay, transactions/s 12 >= 12 missed')
  })
})

describe('the table', () => {
  test('aligns text to the left and numbers to the right', () => {
    const rows = [
      ['direct', 5.1],
      ['mysqlbinlog', 62.714],
    ]
    expect(formatTable({ columns: ['how', 'seconds'], rows })).toBe(
      ['how          seconds', '-----------  -------', 'direct           5.1', 'mysqlbinlog    62.71'].join('\n'),
    )
  })

  test('has a head even without rows', () => {
    expect(formatTable({ columns: ['how', 's'], rows: [] })).toBe('how  s\n---  -')
  })
})
