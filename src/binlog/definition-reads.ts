import type { SqlTokens } from './sql-tokens.ts'
import { takeTable } from './statement-changes.ts'
import type { Definition, StatementChange } from './statement-changes.ts'

/**
 * The other tables that the rest of a `CREATE TABLE` or `ALTER TABLE` needs: those its foreign keys refer to. What it takes
 * rows or values from is not looked for, but that it does is told. Nothing when it needs none.
 *
 * @param database of the table; a foreign key refers to tables of the same one, whatever the default database is
 * @param depth how many parentheses are open
 */
export function readsOfTable(
  tokens: SqlTokens,
  database: string,
  depth: number,
): { readonly definition?: Definition | undefined } {
  const reads: (Required<StatementChange> | undefined)[] = []
  let readsMore = false
  let open = depth
  while (tokens.peek().kind !== 'end') {
    if (tokens.takeSymbol('(')) open++
    else if (tokens.takeSymbol(')')) open--
    else if (tokens.takeWord('REFERENCES') !== undefined) reads.push(takeTable(tokens, database))
    // A query; the tables of a MERGE table; the sequence a default value is taken from.
    else if (tokens.takeWord('SELECT', 'UNION') !== undefined || tokens.takeWords('VALUE', 'FOR')) readsMore = true
    else if (tokens.takeWord('NEXTVAL', 'LASTVAL') !== undefined) readsMore ||= tokens.peek().text === '('
    // What partitions become or were is among the tables that change.
    else if (open === 0 && (tokens.takeWords('WITH', 'TABLE') || tokens.takeWords('TO', 'TABLE'))) continue
    else if (open === 0 && tokens.takeWords('CONVERT', 'TABLE')) continue
    else if (open === 0 && tokens.takeWord('TABLE') !== undefined) readsMore = true
    else tokens.take()
  }
  const known = reads.filter((table) => table !== undefined)
  if (known.length < reads.length) readsMore = true
  return known.length === 0 && !readsMore
    ? {}
    : { definition: { of: 'table', reads: known, readsMore, ifExists: false } }
}

/** Where a query names no table behind FROM: `EXTRACT(YEAR FROM day)`. */
const FUNCTIONS_WITH_FROM = ['EXTRACT', 'TRIM', 'SUBSTRING', 'SUBSTR', 'MID', 'OVERLAY']
/** What ends the list of tables of a query. */
const BEHIND_TABLES = ['WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT', 'WINDOW', 'UNION', 'EXCEPT', 'INTERSECT', 'SELECT']

/** The tables that the query of a view names, and with them some names that are none. */
export function readsOfView(tokens: SqlTokens, defaultDatabase: string): Definition {
  const reads: Required<StatementChange>[] = []
  /** For each open parenthesis, and outside of them: whether a list of tables is being read. */
  const inTables = [false]
  while (tokens.peek().kind !== 'end') {
    const depth = inTables.length - 1
    if (tokens.takeWord(...FUNCTIONS_WITH_FROM) !== undefined) {
      if (tokens.takeSymbol('(')) skipParentheses(tokens)
    } else if (tokens.takeSymbol('(')) {
      inTables.push(false)
    } else if (tokens.takeSymbol(')')) {
      if (depth > 0) inTables.pop()
    } else if (tokens.takeWord(...BEHIND_TABLES) !== undefined) {
      inTables[depth] = false
    } else if (
      tokens.takeWord('FROM', 'JOIN', 'STRAIGHT_JOIN', 'TABLE') !== undefined ||
      (inTables[depth] === true && tokens.takeSymbol(','))
    ) {
      inTables[depth] = true
      // Those in parentheses are in the same list.
      while (tokens.takeSymbol('(')) inTables.push(true)
      const { kind, text } = tokens.peek()
      const isQuery = kind === 'word' && ['SELECT', 'WITH', 'VALUES', 'LATERAL'].includes(text.toUpperCase())
      const table = isQuery ? undefined : takeTable(tokens, defaultDatabase)
      if (table !== undefined) reads.push(table)
    } else {
      tokens.take()
    }
  }
  return { of: 'view', reads, readsMore: false, ifExists: false }
}

function skipParentheses(tokens: SqlTokens): void {
  for (let open = 1; open > 0 && tokens.peek().kind !== 'end';) {
    if (tokens.takeSymbol('(')) open++
    else if (tokens.takeSymbol(')')) open--
    else tokens.take()
  }
}
