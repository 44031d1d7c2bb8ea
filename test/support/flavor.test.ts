import { expect, test } from 'vitest'
import { flavor, tier } from './flavor.ts'

test('an integration test knows the flavour and the tier it runs in', () => {
  expect(['mysql', 'mariadb']).toContain(flavor)
  expect(['ci', 'full']).toContain(tier)
})
