import type { Content } from './content.ts'
import { SIDE_COLUMN, SIDE_TABLE, TABLES } from './schema.ts'
import type { TableDefinition } from './schema.ts'
import type { Effect, Step, Value, Verb } from './step.ts'

type Row = Record<string, Value>

interface Table {
  readonly columns: { readonly name: string; readonly default: Value }[]
  rows: Row[]
}

/** The database in memory: what it must hold after a list of steps, worked out without any server. */
export class Model {
  readonly #tables: Map<string, Table>

  constructor() {
    this.#tables = new Map(Object.entries(TABLES).map(([name, definition]) => [name, empty(definition)]))
  }

  /** Does what the step did. */
  apply(step: Step): void {
    if (step.kind === 'definition') this.#define(step.verb, step.table)
    if (step.kind === 'transaction') for (const effect of step.effects) this.#change(effect)
  }

  /** The content as it is now. */
  content(): Content {
    return new Map(
      [...this.#tables].map(([name, { columns, rows }]) => {
        const names = columns.map((column) => column.name)
        return [name, { columns: names, rows: rows.map((row) => names.map((column) => row[column] ?? null)) }]
      }),
    )
  }

  #change(effect: Effect): void {
    switch (effect.kind) {
      case 'insert':
      case 'copied':
        return this.#insert(effect.table, effect.row)
      case 'load':
        for (const row of effect.rows) this.#insert(effect.table, row)
        return undefined
      case 'add':
        return this.#update('account', effect.account, (row) => ({
          ...row,
          balance: Number(row['balance']) + effect.delta,
        }))
      case 'change':
        return this.#update('item', effect.item, (row) => ({ ...row, state: effect.state }))
      case 'remove':
        return this.#remove('item', ({ id }) => id === effect.item)
      case 'clear':
        return this.#remove('item', ({ worker }) => worker === effect.worker)
      case 'undone':
      case 'pause':
        return undefined
    }
  }

  #define(verb: Verb, name: string): void {
    switch (verb) {
      case 'create':
        this.#tables.set(name, empty(SIDE_TABLE))
        return undefined
      case 'alter': {
        const { columns, rows } = this.#table(name)
        columns.push({ name: SIDE_COLUMN.name, default: SIDE_COLUMN.column.default })
        for (const row of rows) row[SIDE_COLUMN.name] = SIDE_COLUMN.column.default
        return undefined
      }
      case 'truncate':
        return this.#remove(name, () => true)
      case 'drop':
        this.#table(name)
        this.#tables.delete(name)
        return undefined
    }
  }

  #insert(name: string, values: Row): void {
    const { columns, rows } = this.#table(name)
    rows.push(Object.fromEntries(columns.map((column) => [column.name, values[column.name] ?? column.default])))
  }

  #update(name: string, id: number, change: (row: Row) => Row): void {
    const table = this.#table(name)
    table.rows = table.rows.map((row) => (row['id'] === id ? change(row) : row))
  }

  #remove(name: string, which: (row: Row) => boolean): void {
    const table = this.#table(name)
    table.rows = table.rows.filter((row) => !which(row))
  }

  #table(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined) throw new Error(`the log changes ${name}, which does not exist at that point`)
    return table
  }
}

function empty({ columns }: TableDefinition): Table {
  return { columns: Object.entries(columns).map(([name, column]) => ({ name, default: column.default })), rows: [] }
}
