import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import type { Flavor } from '../coordinates/flavor.ts'
import { queryIs, readQuery } from './query-event.ts'
import { SqlMode } from './query-status.ts'
import { SqlTokens } from './sql-tokens.ts'
import { skipExistence, takeTable } from './statement-changes.ts'

/** Something outside of all databases that a server must have, or a statement means something else on it. */
export interface Need {
  /** A storage engine, by any of its names; a time zone as a session has it: `SYSTEM`, `+02:00`, `Europe/Berlin`. */
  readonly kind: 'engine' | 'timeZone'
  /** Which one. */
  readonly name: string
}

const BEGIN = Buffer.from('BEGIN')
const COMMIT = Buffer.from('COMMIT')
/** How much of a statement is read; behind it there are only partitions and rows. */
const MAX_READ_BYTES = 256 * 1024

/** In names of types and functions. */
const OF_TIMES = /date|time|zone|year|quarter|month|week|day|hour|minute|second/i

/** What the statement of an event needs; nothing for an event that is no statement, or needs nothing that could be missing. */
export function needsOf(event: BinlogEvent, flavor: Flavor): readonly Need[] {
  if (event.type !== EventType.Query && event.type !== EventType.QueryCompressed) return []
  if (queryIs(event, COMMIT)) return []
  const { status, text } = readQuery(event)
  const { timeZone, sqlMode } = status
  if (queryIs(event, BEGIN)) return needsOfRows(timeZone)
  const sql = text.toString('utf8', 0, MAX_READ_BYTES)
  const tokens = new SqlTokens(sql, {
    flavor,
    ansiQuotes: (sqlMode & SqlMode.AnsiQuotes) !== 0,
    noBackslashEscapes: (sqlMode & SqlMode.NoBackslashEscapes) !== 0,
  })
  return [
    ...[timeZone ?? [], computesInZone(tokens.copy()) ? 'SYSTEM' : []]
      .flat()
      .map((name): Need => ({ kind: 'timeZone', name })),
    ...(/engine/i.test(sql) ? enginesOf(tokens).map((name): Need => ({ kind: 'engine', name })) : []),
  ]
}

/**
 * Rows hold their times as they are in any zone, so that of the system may be another one: what is computed of them in it is
 * asked for by the backup, or by the statement that defines it. But a session must be able to take the zone it is set to.
 */
function needsOfRows(timeZone: string | undefined): readonly Need[] {
  return timeZone === undefined || timeZone === 'SYSTEM' ? [] : [{ kind: 'timeZone', name: timeZone }]
}

/**
 * The storage engines a `CREATE` or `ALTER TABLE` names among the options of the table. Those in the definitions of
 * partitions are the table's; `engine` as the name of a column is none.
 */
export function enginesOf(tokens: SqlTokens): readonly string[] {
  const verb = takeVerb(tokens)
  if (verb === undefined) return []
  const engines: string[] = []
  let depth = 0
  // Behind the name of the table, and behind a comma, an option of ALTER TABLE begins.
  let beginsOption = true
  for (;;) {
    const token = tokens.take()
    if (token.kind === 'end' || (depth === 0 && isWord(token, 'SELECT', 'AS'))) return engines
    if (isSymbol(token, '(')) depth++
    if (isSymbol(token, ')')) depth--
    if (depth === 0 && isWord(token, 'ENGINE')) {
      const isAssigned = tokens.takeSymbol('=')
      const { kind, text } = tokens.peek()
      const hasName = kind === 'word' || kind === 'name' || kind === 'string'
      if (hasName && (isAssigned || verb === 'CREATE' || beginsOption)) engines.push(text)
    }
    beginsOption = isSymbol(token, ',')
  }
}

/**
 * Whether a `CREATE` or `ALTER TABLE`, or a `CREATE INDEX`, has a generated column or an expression in an index, and something
 * of times: rows may be computed in the zone of their session, and that may be the system's. The statement alone does not
 * tell the types of all columns, so it is one too often rather than too seldom.
 */
export function computesInZone(tokens: SqlTokens): boolean {
  if (takeVerb(tokens) === undefined && !takeIndex(tokens)) return false
  let computes = false
  let ofTimes = false
  for (let last = tokens.take(); last.kind !== 'end';) {
    const next = tokens.take()
    if (isSymbol(next, '(')) {
      computes ||= isWord(last, 'AS') && !isWord(tokens.peek(), 'SELECT', 'WITH', 'VALUES', 'TABLE')
      computes ||= isSymbol(last, '(') || isSymbol(last, ',')
    }
    ofTimes ||= next.kind === 'word' && OF_TIMES.test(next.text)
    last = next
  }
  return computes && ofTimes
}

type Token = ReturnType<SqlTokens['take']>

/** CREATE or ALTER when the statement is about a table; the tokens stand behind the table's name then. */
function takeVerb(tokens: SqlTokens): 'CREATE' | 'ALTER' | undefined {
  if (tokens.takeWords('SET', 'STATEMENT')) {
    while (tokens.peek().kind !== 'end' && tokens.takeWord('FOR') === undefined) tokens.take()
  }
  const verb = tokens.takeWord('CREATE', 'ALTER') as 'CREATE' | 'ALTER' | undefined
  while (tokens.takeWord('OR', 'REPLACE', 'TEMPORARY', 'ONLINE', 'OFFLINE', 'IGNORE') !== undefined);
  if (tokens.takeWord('TABLE', 'SEQUENCE') === undefined) return undefined
  skipExistence(tokens)
  takeTable(tokens, '')
  return verb
}

/** Whether it goes on with what stands behind CREATE for an index; the tokens stand behind INDEX then. */
function takeIndex(tokens: SqlTokens): boolean {
  while (tokens.takeWord('UNIQUE', 'ONLINE', 'OFFLINE', 'FULLTEXT', 'SPATIAL') !== undefined);
  return tokens.takeWord('INDEX') !== undefined
}

function isSymbol({ kind, text }: Token, symbol: string): boolean {
  return kind === 'symbol' && text === symbol
}

function isWord({ kind, text }: Token, ...words: readonly string[]): boolean {
  return kind === 'word' && words.includes(text.toUpperCase())
}
