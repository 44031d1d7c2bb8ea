import { inject } from 'vitest'

/** How much of the suite runs: `ci` is what every change must pass, `full` adds the long runs (`npm run test:full`). */
export type Tier = 'ci' | 'full'

declare module 'vitest' {
  interface ProvidedContext {
    readonly flavor: 'mysql' | 'mariadb'
    readonly tier: Tier
  }
}

/** The server flavour of the running project (vitest.config.ts): every integration test runs once for each. */
export const flavor: 'mysql' | 'mariadb' = inject('flavor')

/** The tier of this run. */
export const tier: Tier = inject('tier')

// `inject` answers undefined for what a project does not provide, whatever its type says.
if (flavor === undefined) {
  throw new Error('test/support/flavor.ts was imported by a test of the `unit` project, which has no server')
}
