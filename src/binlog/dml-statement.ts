import type { SqlTokens } from './sql-tokens.ts'
import { takeTable } from './statement-changes.ts'
import type { StatementChange } from './statement-changes.ts'

/** What a statement that changes rows is known to write. */
export interface WrittenTables {
  readonly changes: readonly StatementChange[]
  readonly tablesKnown: boolean
}

const MODIFIERS = ['LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'QUICK', 'IGNORE', 'INTO', 'ONLY']

/**
 * What INSERT, UPDATE, DELETE and the like write, when it is one named table. Never all that is written: triggers,
 * cascades and functions do more, and only the server knows.
 */
export function writtenBy(verb: string, tokens: SqlTokens, defaultDatabase: string): WrittenTables {
  const table = takeTarget(verb, tokens, defaultDatabase)
  return { changes: table === undefined ? [] : [table], tablesKnown: false }
}

function takeTarget(verb: string, tokens: SqlTokens, defaultDatabase: string): StatementChange | undefined {
  switch (verb) {
    case 'INSERT':
    case 'REPLACE':
      skipModifiers(tokens)
      return takeTable(tokens, defaultDatabase)
    case 'UPDATE': {
      skipModifiers(tokens)
      const table = takeTable(tokens, defaultDatabase)
      // Of a join only the SET list would tell which tables change.
      return tokens.takeWord('SET') === undefined ? undefined : table
    }
    case 'DELETE':
      skipModifiers(tokens)
      return tokens.takeWord('FROM') === undefined ? undefined : takeOnlyTable(tokens, defaultDatabase)
    default:
      return undefined
  }
}

function skipModifiers(tokens: SqlTokens): void {
  while (tokens.takeWord(...MODIFIERS) !== undefined);
}

/** `table` at the end or before WHERE, ORDER, LIMIT: not the aliases of a DELETE over several tables. */
function takeOnlyTable(tokens: SqlTokens, defaultDatabase: string): StatementChange | undefined {
  const table = takeTable(tokens, defaultDatabase)
  const isOnly = tokens.peek().kind === 'end' || tokens.takeWord('WHERE', 'ORDER', 'LIMIT', 'RETURNING') !== undefined
  return isOnly ? table : undefined
}
