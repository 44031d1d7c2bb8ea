import { parseArgs } from 'node:util'
import type { Flavor } from '../support/servers/index.ts'

/** What the command line asks for. */
export type QuickstartOptions =
  | { readonly kind: 'run'; readonly flavor: Flavor }
  | { readonly kind: 'help' }
  | { readonly kind: 'misused' }

/** How to call the quickstart. */
export const USAGE = 'usage: npm run quickstart [-- --flavor mysql|mariadb]'

/** Reads the command line. */
export function readOptions(args: readonly string[]): QuickstartOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { flavor: { type: 'string', default: 'mysql' }, help: { type: 'boolean' } },
    })
    if (values.help === true) return { kind: 'help' }
    if (values.flavor === 'mysql' || values.flavor === 'mariadb') return { kind: 'run', flavor: values.flavor }
    return { kind: 'misused' }
  } catch {
    return { kind: 'misused' }
  }
}
