import type { SqlTokens } from './sql-tokens.ts'
import { readsOfTable, readsOfView } from './definition-reads.ts'
import {
  CHANGES_NOTHING,
  CHANGES_UNKNOWN,
  changesOf,
  changesOfAccounts,
  definitionOf,
  skipExistence,
  takeName,
  takeTable,
  takeTables,
} from './statement-changes.ts'
import type { StatementChange, StatementChanges } from './statement-changes.ts'

// The grammar: https://dev.mysql.com/doc/refman/en/sql-data-definition-statements.html and
// https://mariadb.com/docs/server/reference/sql-statements/data-definition. The first keyword is taken already.

/** Words between CREATE, ALTER or DROP and the kind of thing; some of them have a value. */
const MODIFIERS = ['OR', 'REPLACE', 'ONLINE', 'OFFLINE', 'IGNORE', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'AGGREGATE', 'UNDO']
const MODIFIERS_WITH_VALUE = ['ALGORITHM', 'DEFINER', 'SQL']

/** What `CREATE ...` changes. */
export function createdBy(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  const isTemporary = skipModifiers(tokens)
  const kind = takeKind(tokens)
  switch (kind) {
    case 'TABLE':
    case 'SEQUENCE':
      if (isTemporary) return { ...CHANGES_NOTHING, definition: definitionOf('temporary') }
      skipExistence(tokens)
      return createdTable(tokens, defaultDatabase)
    case 'VIEW':
      skipExistence(tokens)
      return definedView(tokens, defaultDatabase)
    case 'DATABASE':
    case 'SCHEMA':
      skipExistence(tokens)
      return changesOfDatabase(takeName(tokens))
    case 'INDEX':
    case 'TRIGGER':
      return changesOf(tableBehindOn(tokens, defaultDatabase))
    default:
      return changesBesideTables(kind, tokens, defaultDatabase)
  }
}

/** What `ALTER ...` changes. */
export function alteredBy(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  skipModifiers(tokens)
  const kind = takeKind(tokens)
  switch (kind) {
    case 'TABLE':
      skipExistence(tokens)
      return alteredTable(tokens, defaultDatabase)
    case 'SEQUENCE':
      skipExistence(tokens)
      return changesOf(takeTable(tokens, defaultDatabase))
    case 'VIEW':
      skipExistence(tokens)
      return definedView(tokens, defaultDatabase)
    case 'DATABASE':
    case 'SCHEMA':
      return changesOfDatabase(takeAlteredDatabase(tokens, defaultDatabase))
    case 'EVENT':
      return {
        ...changesOf(databaseOfRoutine(tokens, defaultDatabase), ...databaseOfNewName(tokens, defaultDatabase)),
        definition: definitionOf('code'),
      }
    default:
      return changesBesideTables(kind, tokens, defaultDatabase)
  }
}

/** What `DROP ...` changes. */
export function droppedBy(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  const isTemporary = skipModifiers(tokens)
  const kind = takeKind(tokens)
  switch (kind) {
    case 'TABLE':
    case 'TABLES':
    case 'SEQUENCE':
      if (isTemporary) return CHANGES_NOTHING
      skipExistence(tokens)
      return changesOf(...takeTables(tokens, defaultDatabase))
    case 'VIEW':
      skipExistence(tokens)
      return { ...changesOf(...takeTables(tokens, defaultDatabase)), definition: definitionOf('view') }
    case 'DATABASE':
    case 'SCHEMA':
      skipExistence(tokens)
      return changesOfDatabase(takeName(tokens))
    case 'INDEX':
      return changesOf(tableBehindOn(tokens, defaultDatabase))
    case 'TRIGGER': {
      // Its table is not in the text, but of the same database.
      const definition = definitionOf('trigger', skipExistence(tokens))
      return { ...changesOf(databaseOfRoutine(tokens, defaultDatabase)), definition }
    }
    default:
      return changesBesideTables(kind, tokens, defaultDatabase)
  }
}

/** What a definition of anything changes that is the same whether it is made, altered or dropped. */
function changesBesideTables(kind: string, tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  switch (kind) {
    case 'PROCEDURE':
    case 'FUNCTION':
    case 'EVENT':
    case 'PACKAGE':
    case 'LIBRARY':
      return { ...changesOf(databaseOfRoutine(tokens, defaultDatabase)), definition: definitionOf('code') }
    case 'USER':
    case 'ROLE':
      return changesOfAccounts()
    case 'SERVER':
      return changesOf({ database: 'mysql' })
    default:
      return CHANGES_UNKNOWN
  }
}

/** What `RENAME ...` changes. */
export function renamedBy(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  if (tokens.takeWord('USER') !== undefined) return changesOfAccounts()
  if (tokens.takeWord('TABLE', 'TABLES') === undefined) return CHANGES_UNKNOWN
  skipExistence(tokens)
  const tables: (StatementChange | undefined)[] = []
  do {
    tables.push(takeTable(tokens, defaultDatabase))
    if (tokens.takeWord('WAIT') !== undefined) tokens.take()
    tokens.takeWord('NOWAIT')
    tables.push(tokens.takeWord('TO') === undefined ? undefined : takeTable(tokens, defaultDatabase))
  } while (tokens.takeSymbol(','))
  return changesOf(...tables)
}

/** What `TRUNCATE ...` changes. */
export function truncatedBy(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  tokens.takeWord('TABLE')
  return changesOf(takeTable(tokens, defaultDatabase))
}

/** What `ANALYZE`, `OPTIMIZE` or `REPAIR TABLE ...` works on. */
export function maintainedBy(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  tokens.takeWord('NO_WRITE_TO_BINLOG', 'LOCAL')
  if (tokens.takeWord('TABLE', 'TABLES', 'VIEW') === undefined) return CHANGES_UNKNOWN
  return changesOf(...takeTables(tokens, defaultDatabase))
}

/** `table ...`, `table LIKE other` or `table (LIKE other)`. */
function createdTable(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  const table = takeTable(tokens, defaultDatabase)
  const isInParentheses = tokens.takeSymbol('(')
  if (tokens.takeWord('LIKE') === undefined) {
    return { ...changesOf(table), ...readsOfTable(tokens, table?.database ?? defaultDatabase, isInParentheses ? 1 : 0) }
  }
  const copies = takeTable(tokens, defaultDatabase)
  return copies === undefined ? changesOf(table, copies) : { ...changesOf(table), copies }
}

function alteredTable(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  const table = takeTable(tokens, defaultDatabase)
  // Both read the rest.
  const rest = tokens.copy()
  const definition = readsOfTable(tokens, table?.database ?? defaultDatabase, 0)
  return { ...changesOf(table, ...otherTablesOfAlter(rest, defaultDatabase)), ...definition }
}

function definedView(tokens: SqlTokens, defaultDatabase: string): StatementChanges {
  const view = takeTable(tokens, defaultDatabase)
  return { ...changesOf(view), definition: readsOfView(tokens, defaultDatabase) }
}

function changesOfDatabase(database: string | undefined): StatementChanges {
  return { ...changesOf(wholeDatabase(database)), definition: definitionOf('database') }
}

/** Whether TEMPORARY is among them. */
function skipModifiers(tokens: SqlTokens): boolean {
  let isTemporary = false
  for (;;) {
    if (tokens.takeWord('TEMPORARY') !== undefined) isTemporary = true
    else if (tokens.takeWord(...MODIFIERS_WITH_VALUE) !== undefined) skipValue(tokens)
    else if (tokens.takeWord(...MODIFIERS) === undefined) return isTemporary
  }
}

/** `= value`, `= user@host`, `= CURRENT_USER()`, `SECURITY value`. */
function skipValue(tokens: SqlTokens): void {
  if (tokens.takeWord('SECURITY') === undefined) tokens.takeSymbol('=')
  tokens.take()
  if (tokens.takeSymbol('(')) tokens.takeSymbol(')')
  if (!tokens.takeSymbol('@')) return
  tokens.take()
  // A host without quotes: `%` is never one, but `a.b` is.
  while (tokens.takeSymbol('.')) tokens.take()
}

/** The kind of thing a definition is about, in capitals. */
function takeKind(tokens: SqlTokens): string {
  return tokens.peek().kind === 'word' ? tokens.take().text.toUpperCase() : ''
}

function wholeDatabase(database: string | undefined): StatementChange | undefined {
  return database === undefined || database === '' ? undefined : { database }
}

/** The name may be left out: then it is the default database. */
function takeAlteredDatabase(tokens: SqlTokens, defaultDatabase: string): string | undefined {
  const isOption = tokens.takeWord('CHARACTER', 'CHARSET', 'COLLATE', 'DEFAULT', 'ENCRYPTION', 'READ', 'COMMENT')
  return isOption === undefined ? takeName(tokens) : defaultDatabase
}

/** `... [IF EXISTS] name [USING type] ON table`, `TRIGGER name BEFORE INSERT ON table`. */
function tableBehindOn(tokens: SqlTokens, defaultDatabase: string): StatementChange | undefined {
  while (tokens.peek().kind !== 'end') {
    if (tokens.takeWord('ON') !== undefined) return takeTable(tokens, defaultDatabase)
    tokens.take()
  }
  return undefined
}

/** The database of `[IF EXISTS] [BODY] name` or `database.name`. */
function databaseOfRoutine(tokens: SqlTokens, defaultDatabase: string): StatementChange | undefined {
  tokens.takeWord('BODY')
  skipExistence(tokens)
  return wholeDatabase(takeTable(tokens, defaultDatabase)?.database)
}

/** The database an ALTER EVENT moves it to, `RENAME TO database.name`; what its body says does not count. */
function databaseOfNewName(tokens: SqlTokens, defaultDatabase: string): readonly (StatementChange | undefined)[] {
  while (tokens.peek().kind !== 'end' && tokens.takeWord('DO') === undefined) {
    if (tokens.takeWords('RENAME', 'TO')) return [wholeDatabase(takeTable(tokens, defaultDatabase)?.database)]
    tokens.take()
  }
  return []
}

/** The further tables an ALTER TABLE changes: `RENAME [TO] other`, `EXCHANGE PARTITION p WITH TABLE other`, `CONVERT ... TABLE other`. */
function otherTablesOfAlter(tokens: SqlTokens, defaultDatabase: string): readonly (StatementChange | undefined)[] {
  const others: (StatementChange | undefined)[] = []
  let depth = 0
  while (tokens.peek().kind !== 'end') {
    if (tokens.takeSymbol('(')) {
      depth++
    } else if (tokens.takeSymbol(')')) {
      depth--
    } else if (depth > 0) {
      tokens.take()
    } else if (tokens.takeWord('RENAME') !== undefined) {
      if (tokens.takeWord('COLUMN', 'INDEX', 'KEY', 'CONSTRAINT', 'PARTITION') !== undefined) continue
      if (tokens.takeWord('TO', 'AS') === undefined) tokens.takeSymbol('=')
      others.push(takeTable(tokens, defaultDatabase))
    } else if (
      tokens.takeWords('WITH', 'TABLE') ||
      tokens.takeWords('TO', 'TABLE') ||
      tokens.takeWords('CONVERT', 'TABLE')
    ) {
      others.push(takeTable(tokens, defaultDatabase))
    } else {
      tokens.take()
    }
  }
  return others
}
