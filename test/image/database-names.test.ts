import { expect, test } from 'vitest'
import { DatabaseNames } from '../../src/image/database-names.ts'

test('names are compared exactly when lower_case_table_names is 0', () => {
  const names = new DatabaseNames(['Shop'], { settings: { lower_case_table_names: '0' } })
  expect(names.has('Shop')).toBe(true)
  expect(names.has('shop')).toBe(false)
})

test.each(['1', '2'])('names are compared without case when it is %s, character by character', (value) => {
  const names = new DatabaseNames(['Größe', 'istanbul', 'οδοσ'], { settings: { lower_case_table_names: value } })
  expect(['GRÖßE', 'größe', 'İSTANBUL', 'ΟΔΟΣ'].map((name) => names.has(name))).toEqual([true, true, true, true])
  expect(names.has('grosse')).toBe(false)
})
