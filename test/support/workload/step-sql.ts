import { createTableSql, SIDE_COLUMN, SIDE_TABLE } from './schema.ts'
import type { Effect, Step, Value } from './step.ts'

/** A statement and the values of its placeholders. */
export interface Statement {
  readonly sql: string
  readonly values: readonly (Value | Buffer)[]
  /** What LOAD DATA LOCAL reads. */
  readonly input?: string | undefined
}

const SAVEPOINT = 'before_undone'
const SCRATCH = 'scratch'

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
    case 'load':
      return [load(effect)]
    case 'copied':
      return [
        // One that a transaction left, which the server chose to end a deadlock, is still there.
        statement(`DROP TEMPORARY TABLE IF EXISTS ${SCRATCH}`),
        statement(`CREATE TEMPORARY TABLE ${SCRATCH} SELECT * FROM ${effect.table} WHERE FALSE`),
        insert({ ...effect, table: SCRATCH }),
        statement(`INSERT INTO ${effect.table} SELECT * FROM ${SCRATCH}`),
        statement(`DROP TEMPORARY TABLE ${SCRATCH}`),
      ]
    case 'pause':
      return [statement('DO SLEEP(?)', effect.ms / 1000)]
  }
}

/** The statement that changes the definition of a side table. */
export function definitionSql({ verb, table, engine }: Step & { readonly kind: 'definition' }): string {
  switch (verb) {
    case 'create':
      return createTableSql(table, SIDE_TABLE, engine)
    case 'alter':
      return `ALTER TABLE ${table} ADD COLUMN ${SIDE_COLUMN.name} ${SIDE_COLUMN.column.definition}`
    case 'truncate':
      return `TRUNCATE TABLE ${table}`
    case 'drop':
      return `DROP TABLE ${table}`
  }
}

function insert({ table, row }: { readonly table: string; readonly row: Readonly<Record<string, Value>> }): Statement {
  const columns = Object.keys(row)
  const marks = columns.map(() => '?').join(', ')
  return {
    sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`,
    values: Object.values(row).map(toBytes),
  }
}

// Tab and new line part the values: none of them may hold one.
function load({ table, rows }: Effect & { readonly kind: 'load' }): Statement {
  const columns = Object.keys(rows[0] ?? {}).join(', ')
  return {
    sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table} CHARACTER SET utf8mb4 (${columns})`,
    values: [],
    input: rows.map((row) => `${Object.values(row).join('\t')}\n`).join(''),
  }
}

function toBytes(value: Value): Value | Buffer {
  return typeof value === 'string' && value.startsWith('0x') ? Buffer.from(value.slice(2), 'hex') : value
}

function statement(sql: string, ...values: readonly Value[]): Statement {
  return { sql, values }
}
