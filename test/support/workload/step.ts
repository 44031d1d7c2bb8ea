/** What a column holds; bytes are written as `0x` and hex. */
export type Value = number | string | null

/** One change to a row. What it does follows from the content before it alone, so that a replay of steps in commit order must give the same content. */
export type Effect =
  /** A new row; columns that are not named get their defaults. */
  | { readonly kind: 'insert'; readonly table: string; readonly row: Readonly<Record<string, Value>> }
  /** Adds to the balance of an account. */
  | { readonly kind: 'add'; readonly account: number; readonly delta: number }
  /** Changes an item; nothing happens when there is none. */
  | { readonly kind: 'change'; readonly item: number; readonly state: string }
  /** Removes an item; nothing happens when there is none. */
  | { readonly kind: 'remove'; readonly item: number }
  /** Removes all items of a worker. */
  | { readonly kind: 'clear'; readonly worker: number }
  /** Done and rolled back to a savepoint: the log never sees it. */
  | { readonly kind: 'undone'; readonly effects: readonly Effect[] }
  /** New rows by LOAD DATA. */
  | { readonly kind: 'load'; readonly table: string; readonly rows: readonly Readonly<Record<string, Value>>[] }
  /** A new row that lay in a temporary table before. */
  | { readonly kind: 'copied'; readonly table: string; readonly row: Readonly<Record<string, Value>> }
  /** Waits, with the transaction open. */
  | { readonly kind: 'pause'; readonly ms: number }

/** The storage engine of a side table. */
export type Engine = 'InnoDB' | 'MyISAM' | 'Aria'

/** A change to the definition of a side table; each happens at most once a table. */
export type Verb = 'create' | 'alter' | 'truncate' | 'drop'

/** What one transaction of the log does. */
export type Step =
  | { readonly kind: 'transaction'; readonly number: number; readonly effects: readonly Effect[] }
  /** XA PREPARE: nobody sees what it did before the transaction of its number follows. */
  | { readonly kind: 'prepared'; readonly number: number }
  /** XA ROLLBACK of what was prepared. */
  | { readonly kind: 'withdrawn'; readonly number: number }
  | { readonly kind: 'definition'; readonly verb: Verb; readonly table: string; readonly engine: Engine }

/** Names a step: the same name can be read from the log. */
export function stepName(step: Step): string {
  return step.kind === 'definition' ? `${step.verb} ${step.table}` : `${step.kind} ${step.number}`
}
