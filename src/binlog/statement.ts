import type { Flavor } from '../coordinates/flavor.ts'
import { changesOfAccounts } from './statement-changes.ts'
import type { Definition, StatementChange, StatementChanges } from './statement-changes.ts'
import { alteredBy, createdBy, droppedBy, maintainedBy, renamedBy, truncatedBy } from './ddl-statement.ts'
import { writtenBy } from './dml-statement.ts'
import { SqlTokens } from './sql-tokens.ts'
import type { SqlDialect } from './sql-tokens.ts'

export type { StatementChange } from './statement-changes.ts'

/**
 * What a statement does: `begin`, `commit`, `rollback` a transaction; work with a `savepoint`; a part of an `xa`
 * transaction; `ddl` defines something; `dml` changes rows; `account` defines accounts, roles or privileges; `other`.
 */
export type StatementKind = 'begin' | 'commit' | 'rollback' | 'savepoint' | 'xa' | 'ddl' | 'dml' | 'account' | 'other'

/** What is known of a statement from its text. */
export interface Statement {
  readonly kind: StatementKind
  /** The tables (or whole databases) it changes. */
  readonly changes: readonly StatementChange[]
  /** False when it may change others: it was not understood, or does what only a server could tell (triggers, functions). */
  readonly tablesKnown: boolean
  /** The table whose definition a new one gets. */
  readonly copies?: Required<StatementChange> | undefined
  /** What else there is to say of a definition. */
  readonly definition?: Definition | undefined
  /** The default database it is executed in; undefined when it was logged without one. */
  readonly executedIn?: string | undefined
}

/** How a logged statement is to be read. */
export interface ClassifyOptions {
  /** @default 'mysql' */
  readonly flavor?: Flavor | undefined
  /** @default false */
  readonly ansiQuotes?: boolean | undefined
  /** @default false */
  readonly noBackslashEscapes?: boolean | undefined
}

/**
 * Tells what a statement does and which tables it changes, by its beginning: no full parser, and what it does not
 * understand it says it does not know.
 *
 * @example
 * ```ts
 * classifyStatement('DROP TABLE IF EXISTS `a`, shop.b', 'test')
 * // { kind: 'ddl', changes: [{ database: 'test', table: 'a' }, { database: 'shop', table: 'b' }], tablesKnown: true }
 * ```
 */
export function classifyStatement(sql: string, defaultDatabase: string, options: ClassifyOptions = {}): Statement {
  const dialect: SqlDialect = {
    flavor: options.flavor ?? 'mysql',
    ansiQuotes: options.ansiQuotes ?? false,
    noBackslashEscapes: options.noBackslashEscapes ?? false,
  }
  const tokens = new SqlTokens(sql, dialect)
  skipSettings(tokens)
  const parse = STATEMENTS.get(tokens.peek().kind === 'word' ? tokens.take().text.toUpperCase() : '')
  return parse?.(tokens, defaultDatabase) ?? { kind: 'other', changes: [], tablesKnown: false }
}

type Parse = (tokens: SqlTokens, defaultDatabase: string) => Statement | undefined

const STATEMENTS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['BEGIN', () => changesNothing('begin')],
  ['START', (tokens) => (tokens.takeWord('TRANSACTION') === undefined ? undefined : changesNothing('begin'))],
  ['COMMIT', () => changesNothing('commit')],
  ['ROLLBACK', (tokens) => changesNothing(isRollbackTo(tokens) ? 'savepoint' : 'rollback')],
  ['SAVEPOINT', () => changesNothing('savepoint')],
  ['RELEASE', (tokens) => (tokens.takeWord('SAVEPOINT') === undefined ? undefined : changesNothing('savepoint'))],
  ['XA', () => changesNothing('xa')],
  ['CREATE', definition(createdBy)],
  ['ALTER', definition(alteredBy)],
  ['DROP', definition(droppedBy)],
  ['RENAME', definition(renamedBy)],
  ['TRUNCATE', definition(truncatedBy)],
  ['ANALYZE', definition(maintainedBy)],
  ['OPTIMIZE', definition(maintainedBy)],
  ['REPAIR', definition(maintainedBy)],
  ['INSERT', rows('INSERT')],
  ['REPLACE', rows('REPLACE')],
  ['UPDATE', rows('UPDATE')],
  ['DELETE', rows('DELETE')],
  ['LOAD', rows('LOAD')],
  ['WITH', rows('WITH')],
  ['CALL', rows('CALL')],
  ['DO', rows('DO')],
  ['SELECT', rows('SELECT')],
  ['VALUES', rows('VALUES')],
  ['GRANT', () => accounts()],
  ['REVOKE', () => accounts()],
  ['SET', (tokens) => (tokens.takeWord('PASSWORD', 'DEFAULT', 'ROLE') === undefined ? undefined : accounts())],
  ['FLUSH', () => changesNothing('other')],
])

/** `SET STATEMENT name = value, ... FOR statement` of MariaDB: the statement counts. */
function skipSettings(tokens: SqlTokens): void {
  if (!tokens.takeWords('SET', 'STATEMENT')) return
  while (tokens.peek().kind !== 'end' && tokens.takeWord('FOR') === undefined) tokens.take()
}

function isRollbackTo(tokens: SqlTokens): boolean {
  tokens.takeWord('WORK')
  return tokens.takeWord('TO') !== undefined
}

function definition(parse: (tokens: SqlTokens, defaultDatabase: string) => StatementChanges): Parse {
  return (tokens, defaultDatabase) => {
    const { isAccount, ...all } = parse(tokens, defaultDatabase)
    return { kind: isAccount ? 'account' : 'ddl', ...all }
  }
}

function rows(verb: string): Parse {
  return (tokens, defaultDatabase) => ({ kind: 'dml', ...writtenBy(verb, tokens, defaultDatabase) })
}

function accounts(): Statement {
  const { changes, tablesKnown } = changesOfAccounts()
  return { kind: 'account', changes, tablesKnown }
}

function changesNothing(kind: StatementKind): Statement {
  return { kind, changes: [], tablesKnown: true }
}
