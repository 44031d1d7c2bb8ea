import { createTableSql, SIDE_COLUMN, SIDE_TABLE } from './schema.ts'
import type { Effect, Value, Verb } from './step.ts'

/** A statement and the values of its placeholders. */
export interface Statement {
  readonly sql: string
  readonly values: readonly (Value | Buffer)[]
}

const SAVEPOINT = 'before_undone'

/** The statements that have an effect. */
export function effectSql(effect: Effect): readonly Statement[] {
  switch (effect.kind) {
    case 'insert':
      return [insert(effect)]
    case 'add':
      return [statement('UPDATE account SET balance = balance + ? WHERE id = ?', effect.delta, effect.account)]
    case 'change':
      return [statement('UPDATE item SET state = ? WHERE id = ?', effect.state, effect.item)]
    case 'remove':
      return [statement('DELETE FROM item WHERE id = ?', effect.item)]
    case 'clear':
      return [statement('DELETE FROM item WHERE worker = ?', effect.worker)]
    case 'undone':
      return [
        statement(`SAVEPOINT ${SAVEPOINT}`),
        ...effect.effects.flatMap(effectSql),
        statement(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`),
      ]
    case 'pause':
      return [statement('DO SLEEP(?)', effect.ms / 1000)]
  }
}

/** The statement that changes the definition of a side table. */
export function definitionSql(verb: Verb, table: string): string {
  switch (verb) {
    case 'create':
      return createTableSql(table, SIDE_TABLE)
    case 'alter':
      return `ALTER TABLE ${table} ADD COLUMN ${SIDE_COLUMN.name} ${SIDE_COLUMN.column.definition}`
    case 'truncate':
      return `TRUNCATE TABLE ${table}`
    case 'drop':
      return `DROP TABLE ${table}`
  }
}

function insert({ table, row }: Effect & { readonly kind: 'insert' }): Statement {
  const columns = Object.keys(row)
  const marks = columns.map(() => '?').join(', ')
  return {
    sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`,
    values: Object.values(row).map(toBytes),
  }
}

function toBytes(value: Value): Value | Buffer {
  return typeof value === 'string' && value.startsWith('0x') ? Buffer.from(value.slice(2), 'hex') : value
}

function statement(sql: string, ...values: readonly Value[]): Statement {
  return { sql, values }
}
