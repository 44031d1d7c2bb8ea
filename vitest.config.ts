import { defineConfig } from 'vitest/config'
import type { ViteUserConfigFnObject } from 'vitest/config'
import type { Tier } from './test/support/flavor.ts'

const INTEGRATION = ['test/integration/**/*.test.ts']
const SUPPORT = ['test/support/**/*.test.ts']
// What a test waits for comes late on a busy machine.
const POLL = { timeout: 30_000 }

// Projects: `unit` needs no server and takes seconds; `mysql` and `mariadb` run the same integration tests, each
// against a real server of its flavour. `npm test` runs all three.
const config: ViteUserConfigFnObject = defineConfig(({ mode }) => {
  const tier = tierOf(mode)
  return {
    test: {
      reporters: ['default'],
      pool: 'forks',
      // Two cores, and servers beside them: the two flavours side by side fill the machine.
      maxWorkers: 2,
      projects: [
        {
          test: {
            name: 'unit',
            include: ['test/**/*.test.ts'],
            exclude: [...INTEGRATION, ...SUPPORT],
            testTimeout: 20_000,
            expect: { poll: POLL },
            provide: { tier },
          },
        },
        // What the test support promises of itself is checked once, not once a flavour.
        integration('mysql', [...INTEGRATION, ...SUPPORT], tier),
        integration('mariadb', INTEGRATION, tier),
      ],
    },
  }
})
export default config

function integration(flavor: 'mysql' | 'mariadb', include: string[], tier: Tier) {
  return {
    test: {
      name: flavor,
      include,
      testTimeout: 120_000,
      hookTimeout: 180_000,
      expect: { poll: POLL },
      provide: { flavor, tier },
    },
  }
}

// `vitest --mode full` rather than only a variable: an npm script cannot set one the same way in every shell.
function tierOf(mode: string): Tier {
  const wanted = process.env['MYSQL_PITR_TEST_TIER'] ?? (mode === 'full' ? 'full' : 'ci')
  if (wanted !== 'ci' && wanted !== 'full') throw new Error(`MYSQL_PITR_TEST_TIER is ci or full, not ${wanted}`)
  return wanted
}
