import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import type { Flavor, TestServer } from '../../../support/servers/index.ts'
import { Random } from '../../../support/random.ts'
import { JSON_COLUMN, randomColumn } from './random-columns.ts'
import type { ColumnKind } from './random-columns.ts'

/** What a workload does in its life. */
const STEPS = 35

/** How a workload is run. */
export interface WorkloadOptions {
  /** Whether some of it is logged as statements. @default true */
  readonly logsStatements?: boolean
}

/** Runs random statements in a database of its own; the same ones for the same seed. */
export async function runWorkload(
  server: TestServer,
  database: string,
  seed: number,
  { logsStatements = true }: WorkloadOptions = {},
): Promise<void> {
  const random = new Random(seed)
  const connection = await createConnection({ ...server.connection })
  try {
    await connection.query(`CREATE DATABASE ${database}`)
    await connection.query(`USE ${database}`)
    const workload = new Workload(connection, random, server.flavor, logsStatements)
    await workload.begin()
    for (let i = 0; i < STEPS; i++) await workload.step()
    await workload.end()
  } finally {
    connection.destroy()
  }
}

interface Table {
  name: string
  readonly columns: Map<string, ColumnKind>
  /** Without transactions. */
  readonly isPlain: boolean
  /** MySQL applies the rows of an event in the order of its only key, and refuses what is not unique on the way (1062). */
  readonly isOrdered: boolean
  /** What must be given a value. */
  readonly keys: readonly string[]
}

class Workload {
  readonly #connection: Connection
  readonly #random: Random
  readonly #flavor: Flavor
  readonly #hidesColumns: boolean
  readonly #hasFullImages: boolean
  readonly #logsStatements: boolean
  readonly #tables: Table[] = []
  #names = 0
  #executed = 0
  #refused = 0
  #lastRefusal: Error | undefined

  constructor(connection: Connection, random: Random, flavor: Flavor, logsStatements: boolean) {
    this.#connection = connection
    this.#random = random
    this.#flavor = flavor
    this.#logsStatements = logsStatements
    this.#hidesColumns = random.chance(0.4)
    // In part they are Unreplayable on MariaDB.
    this.#hasFullImages = random.chance(0.4) || flavor === 'mariadb'
  }

  async begin(): Promise<void> {
    await this.#settings()
    for (let i = this.#random.integer(2, 4); i > 0; i--) await this.#createTable()
    await this.#createFamily()
  }

  async step(): Promise<void> {
    const dice = this.#random.next()
    if (dice < 0.45) await this.#change(this.#table())
    else if (dice < 0.65) await this.#transaction()
    else if (dice < 0.72) await this.#family()
    else if (dice < 0.8) await this.#definition()
    else if (dice < 0.86) await this.#settings()
    else if (dice < 0.91) await (this.#logsStatements ? this.#asStatement() : this.#transaction())
    else if (dice < 0.94) await this.#xa()
    else if (dice < 0.97) await (this.#logsStatements ? this.#temporary() : this.#transaction())
    else if (dice < 0.985) await this.#run('FLUSH BINARY LOGS')
    else await this.#createTable()
  }

  /** Throws when hardly anything was done. */
  async end(): Promise<void> {
    await this.#run('COMMIT')
    if (this.#refused > this.#executed) throw new Error(`${this.#refused} refused, ${this.#executed} executed`)
  }

  /** What the server refuses was not logged, or rolled back: the source's content is what counts. */
  async #run(sql: string): Promise<boolean> {
    try {
      await this.#connection.query(sql)
      this.#executed++
      return true
    } catch (error) {
      if (!(error instanceof Error) || !('sqlState' in error)) throw error
      this.#refused++
      this.#lastRefusal = error
      return false
    }
  }

  #table(): Table {
    return this.#random.pick(this.#tables)
  }

  async #settings(): Promise<void> {
    const random = this.#random
    // Both off, MariaDB 11.8 takes rows back that it logged, where an insert into an empty table meets a duplicate.
    const foreignKeyChecks = random.pick([1, 1, 1, 0])
    const uniqueChecks = this.#flavor === 'mariadb' && foreignKeyChecks === 0 ? 1 : random.pick([1, 1, 0])
    const common = {
      sql_mode: random.pick([
        "''",
        "'STRICT_TRANS_TABLES'",
        "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'",
        "'NO_AUTO_VALUE_ON_ZERO'",
      ]),
      time_zone: random.pick(["'+00:00'", "'-07:30'", "'+05:45'", "'SYSTEM'"]),
      foreign_key_checks: foreignKeyChecks,
      unique_checks: uniqueChecks,
      auto_increment_increment: random.pick([1, 1, 3]),
      binlog_row_image: this.#hasFullImages ? 'FULL' : random.pick(['FULL', 'MINIMAL', 'NOBLOB']),
    }
    const own = {
      mysql: {
        binlog_row_value_options: random.pick(["''", "'PARTIAL_JSON'"]),
        binlog_transaction_compression: random.pick([0, 0, 1]),
        binlog_rows_query_log_events: random.pick([0, 1]),
        lc_time_names: random.pick(["'en_US'", "'de_DE'"]),
      },
      mariadb: {
        binlog_annotate_row_events: random.pick([0, 1]),
        'GLOBAL log_bin_compress': random.pick([0, 1]),
        'GLOBAL log_bin_compress_min_len': 10,
      },
    }[this.#flavor]
    for (const [name, value] of Object.entries({ ...common, ...own })) await this.#run(`SET ${name} = ${value}`)
  }

  async #createTable(): Promise<void> {
    const random = this.#random
    const name = this.#newName('t')
    const columns = new Map<string, ColumnKind>([['j', JSON_COLUMN]])
    for (let i = random.integer(1, 7); i > 0; i--) columns.set(this.#newName('c'), randomColumn(random, this.#flavor))
    const definitions = [...columns].map(
      ([column, { type }]) => `${column} ${type} NULL ${this.#hidesColumns && random.chance(0.3) ? 'INVISIBLE' : ''}`,
    )
    const key = random.pick([
      'id INT AUTO_INCREMENT PRIMARY KEY',
      'id INT, KEY (id)',
      'id INT',
      'id INT NULL UNIQUE',
      'id INT, k INT, PRIMARY KEY (id, k)',
    ])
    const isPlain = random.chance(0.1)
    const isCounted = key.includes('AUTO_INCREMENT')
    // CHECKSUM TABLE of such a column in MyISAM differs on MariaDB for the same rows.
    if (!isCounted && !isPlain && random.chance(0.4))
      definitions.push(`g BIGINT AS (id * 2 + 1) ${random.pick(['VIRTUAL', 'STORED'])}`)
    if (!isCounted && !isPlain && random.chance(0.2))
      definitions.push(`gv VARCHAR(30) AS (CONCAT('n', id)) VIRTUAL, KEY (gv)`)
    const engine = isPlain ? 'MyISAM' : 'InnoDB'
    const created = await this.#run(
      `CREATE TABLE ${name} (${[key, ...definitions].join(', ')}) ENGINE=${engine} CHARACTER SET ${random.pick(['utf8mb4', 'latin1'])}`,
    )
    if (!created) throw new Error(`no table ${name}`, { cause: this.#lastRefusal })
    const keys = /k INT/.test(key) ? ['id', 'k'] : ['id']
    this.#tables.push({
      name,
      columns,
      isPlain,
      isOrdered: key.includes('NULL UNIQUE') && this.#flavor === 'mysql',
      keys,
    })
    await this.#insert(this.#tables.at(-1)!)
  }

  async #change(table: Table): Promise<boolean> {
    const dice = this.#random.next()
    if (dice < 0.4) return await this.#insert(table)
    if (dice < 0.7) return await this.#update(table)
    if (dice < 0.8) return await this.#partialJson(table)
    if (dice < 0.95)
      return await this.#run(`DELETE FROM ${table.name} WHERE ${this.#where()} LIMIT ${this.#random.integer(1, 5)}`)
    return await this.#run(
      `INSERT INTO ${table.name} (id, j) SELECT id + 100, j FROM ${table.name} WHERE ${this.#where()}`,
    )
  }

  async #insert({ name, columns, keys, isOrdered }: Table): Promise<boolean> {
    const random = this.#random
    const chosen = [...columns].filter(() => random.chance(0.8))
    const rows = Array.from({ length: random.integer(1, 6) }, () => {
      const own = keys.map(() => random.integer(1, 60))
      return `(${[...own, ...chosen.map(([, kind]) => this.#value(kind))].join(', ')})`
    })
    const verb = random.pick(['INSERT', 'INSERT', 'INSERT IGNORE', 'REPLACE'])
    const changed = isOrdered ? 'j = NULL' : 'id = VALUES(id) + 60'
    const onDuplicate = verb === 'INSERT' && random.chance(0.3) ? ` ON DUPLICATE KEY UPDATE ${changed}` : ''
    const names = [...keys, ...chosen.map(([column]) => column)].join(', ')
    return await this.#run(`${verb} INTO ${name} (${names}) VALUES ${rows.join(', ')}${onDuplicate}`)
  }

  async #update({ name, columns, isOrdered }: Table): Promise<boolean> {
    const [column, kind] = this.#random.pick([...columns])
    const also = this.#random.chance(0.2) && !isOrdered ? ', id = id + 1' : ''
    return await this.#run(`UPDATE ${name} SET ${column} = ${this.#value(kind)}${also} WHERE ${this.#where()}`)
  }

  async #partialJson({ name }: Table): Promise<boolean> {
    const random = this.#random
    const changed = random.pick([
      `JSON_SET(j, '$.a', ${random.integer(0, 9)})`,
      `JSON_SET(j, '$.new', 'x', '$.c[1]', ${random.integer(0, 9)})`,
      `JSON_REPLACE(j, '$.b', 'other')`,
      `JSON_REMOVE(j, '$.c[0]')`,
    ])
    return await this.#run(`UPDATE ${name} SET j = ${changed} WHERE ${this.#where()}`)
  }

  #where(): string {
    const random = this.#random
    return random.pick([
      `id = ${random.integer(1, 60)}`,
      `id < ${random.integer(1, 60)}`,
      `id % 3 = ${random.integer(0, 2)}`,
      'id IS NOT NULL',
    ])
  }

  #value(kind: ColumnKind): string {
    return this.#random.chance(0.15) ? 'NULL' : kind.value(this.#random)
  }

  async #transaction(): Promise<void> {
    const random = this.#random
    const inside = this.#tables.filter(({ isPlain }) => !isPlain)
    if (inside.length === 0) return
    await this.#run('BEGIN')
    for (let i = random.integer(0, 6); i > 0; i--) {
      await this.#change(random.pick(inside))
      if (!random.chance(0.25)) continue
      await this.#run('SAVEPOINT s')
      await this.#change(random.pick(inside))
      if (random.chance(0.6)) await this.#run('ROLLBACK TO SAVEPOINT s')
    }
    await this.#run(random.chance(0.9) ? 'COMMIT' : 'ROLLBACK')
  }

  async #xa(): Promise<void> {
    const inside = this.#tables.filter(({ isPlain }) => !isPlain)
    if (inside.length === 0) return
    const id = `'${this.#newName('xa')}${this.#random.integer(0, 1e9)}'`
    await this.#run(`XA START ${id}`)
    await this.#change(this.#random.pick(inside))
    await this.#run(`XA END ${id}`)
    if (this.#random.chance(0.3)) return void (await this.#run(`XA COMMIT ${id} ONE PHASE`))
    await this.#run(`XA PREPARE ${id}`)
    await this.#run(`XA ${this.#random.pick(['COMMIT', 'ROLLBACK'])} ${id}`)
  }

  async #createFamily(): Promise<void> {
    const action = (): string => this.#random.pick(['CASCADE', 'SET NULL'])
    await this.#run('CREATE TABLE parent (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB')
    await this.#run(`CREATE TABLE child (id INT AUTO_INCREMENT PRIMARY KEY, parent INT NULL, v VARCHAR(20),
      FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE ${action()} ON UPDATE ${action()}) ENGINE=InnoDB`)
    await this.#run('CREATE TABLE seen (what VARCHAR(20), id INT) ENGINE=InnoDB')
    await this.#run("CREATE TRIGGER note AFTER INSERT ON child FOR EACH ROW INSERT INTO seen VALUES ('made', NEW.id)")
  }

  async #family(): Promise<void> {
    const random = this.#random
    const id = random.integer(1, 12)
    await this.#run(`INSERT INTO parent VALUES (${id}, 'p'), (${id + 12}, 'q')`)
    await this.#run(`INSERT INTO child (parent, v) VALUES (${id}, 'c'), (${random.integer(1, 24)}, 'd')`)
    await this.#run(
      random.pick([`DELETE FROM parent WHERE id = ${id}`, `UPDATE parent SET id = id + 30 WHERE id = ${id}`]),
    )
  }

  async #definition(): Promise<void> {
    const random = this.#random
    const table = this.#table()
    const { name, columns } = table
    const dice = random.next()
    if (dice < 0.35) {
      const [column, kind] = [this.#newName('c'), randomColumn(random, this.#flavor)]
      if (
        await this.#run(
          `ALTER TABLE ${name} ADD COLUMN ${column} ${kind.type} NULL ${random.pick(['', 'FIRST', 'AFTER id'])}`,
        )
      )
        columns.set(column, kind)
    } else if (dice < 0.5) {
      const column = random.pick([...columns.keys()])
      if (column !== 'j' && columns.size > 2 && (await this.#run(`ALTER TABLE ${name} DROP COLUMN ${column}`)))
        columns.delete(column)
    } else if (dice < 0.6) {
      const renamed = this.#newName('t')
      if (await this.#run(`RENAME TABLE ${name} TO ${renamed}`)) table.name = renamed
    } else if (dice < 0.7) {
      await this.#run(`TRUNCATE TABLE ${name}`)
    } else if (dice < 0.85) {
      await this.#run(`CREATE TABLE ${this.#newName('made')} ENGINE=InnoDB AS SELECT * FROM ${name}`)
    } else if (dice < 0.95) {
      await this.#run(`CREATE TABLE ${this.#newName('empty')} LIKE ${name}`)
    } else {
      await this.#run(`ALTER TABLE ${name} ADD INDEX (id)`)
    }
  }

  /** What it depends on is logged with it. */
  async #asStatement(): Promise<void> {
    const random = this.#random
    await this.#run('SET binlog_format = STATEMENT')
    await this.#run('INSERT INTO seen VALUES (NOW(), RAND() * 1000)')
    await this.#run(`SET @v = ${random.pick(["'ü'", '3.5', 'NULL', "x'00ff'"])}`)
    await this.#run('INSERT INTO seen VALUES (HEX(@v), LAST_INSERT_ID())')
    await this.#run(`UPDATE parent SET v = CONCAT(LEFT(v, 10), DAYNAME('2026-01-0${random.integer(1, 9)}'))`)
    await this.#run('SET binlog_format = ROW')
  }

  async #temporary(): Promise<void> {
    const name = this.#newName('temp')
    await this.#run('SET binlog_format = STATEMENT')
    await this.#run(`CREATE TEMPORARY TABLE ${name} (id INT, v VARCHAR(10))`)
    await this.#run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b')`)
    await this.#run(`INSERT INTO seen SELECT v, id FROM ${name}`)
    await this.#run(`DROP TEMPORARY TABLE ${name}`)
    await this.#run('SET binlog_format = ROW')
  }

  #newName(prefix: string): string {
    return `${prefix}${++this.#names}`
  }
}
