import type { Flavor } from '../../../support/servers/index.ts'
import type { Random } from '../../../support/random.ts'

/** A column type, and literals for it. */
export interface ColumnKind {
  /** Its definition without the name. */
  readonly type: string
  /** SQL of a random value that fits. */
  readonly value: (random: Random) => string
}

/** A column type of any sort the flavor has. */
export function randomColumn(random: Random, flavor: Flavor): ColumnKind {
  return random.pick([...EVERYWHERE, ...ONLY[flavor]])(random)
}

/** A column of each sort the flavor has. */
export function columnsOfEachSort(random: Random, flavor: Flavor): readonly ColumnKind[] {
  return [...EVERYWHERE, ...ONLY[flavor]].map((make) => make(random))
}

/** A JSON column. */
export const JSON_COLUMN: ColumnKind = {
  type: 'JSON',
  value: (random) => `JSON_OBJECT('a', ${integer(random)}, 'b', ${text(random)}, 'c', JSON_ARRAY(1, NULL, 'x'))`,
}

type MakeColumn = (random: Random) => ColumnKind

const CHARACTER_SETS = ['utf8mb4', 'latin1', 'utf8mb3', 'ucs2', 'utf16', 'utf32', 'ascii', 'cp1251', 'sjis', 'binary']
const WORDS = ['', 'a', 'Z', 'word', 'two words', 'back\\\\slash', "quo''te", 'line\\nbreak', '0', '%_', 'x\\0y']

const EVERYWHERE: readonly MakeColumn[] = [
  (random) => numbers(random.pick(['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'BIGINT']), -100, 127),
  () => ({ type: 'BIGINT UNSIGNED', value: (random) => random.pick(['0', '1', '18446744073709551615']) }),
  (random) => numbers(`DECIMAL(${random.integer(5, 65)}, ${random.integer(0, 5)})`, -9, 9),
  (random) => ({
    type: random.pick(['FLOAT', 'DOUBLE']),
    value: (next) => String(next.next() * 10 ** next.integer(-5, 5)),
  }),
  (random) => bits(random.integer(1, 64)),
  () => numbers('YEAR', 1901, 2155),
  () => ({ type: 'DATE', value: (random) => `'20${two(random, 0, 99)}-${two(random, 1, 12)}-${two(random, 1, 28)}'` }),
  (random) => ({
    type: `TIME(${random.integer(0, 6)})`,
    value: (next) => `'${next.pick(['', '-'])}${two(next, 0, 99)}:${clock(next)}'`,
  }),
  (random) => moments(`DATETIME(${random.integer(0, 6)})`),
  (random) => moments(`TIMESTAMP(${random.integer(0, 6)})`),
  (random) =>
    texts(
      `${random.pick(['CHAR(20)', 'VARCHAR(20)', 'VARCHAR(400)', 'TEXT'])} CHARACTER SET ${random.pick(CHARACTER_SETS)}`,
    ),
  (random) => bytes(random.pick(['BINARY(200)', 'VARBINARY(200)']), 0, 200),
  (random) => bytes(random.pick(['BLOB', 'MEDIUMBLOB', 'LONGBLOB']), 0, 60_000),
  () => bytes('LONGBLOB', 0, 400_000),
  () => ({ type: "ENUM('small', 'medium', 'größe')", value: (random) => random.pick(["'small'", "'medium'", '3']) }),
  () => ({ type: "SET('a', 'b', 'c', 'd')", value: (random) => String(random.integer(0, 15)) }),
  () => JSON_COLUMN,
  () => ({ type: 'POINT', value: (random) => `ST_GeomFromText('POINT(${integer(random)} ${integer(random)})')` }),
  () => ({
    type: 'GEOMETRY',
    value: (random) => `ST_GeomFromText('LINESTRING(0 0, ${integer(random)} 1, 2 ${integer(random)})')`,
  }),
]

const ONLY: Readonly<Record<Flavor, readonly MakeColumn[]>> = {
  mysql: [() => ({ type: 'VECTOR(3)', value: (random) => `STRING_TO_VECTOR('[${random.integer(0, 9)}, 0.5, -1]')` })],
  mariadb: [
    () => ({ type: 'UUID', value: (random) => `'123e4567-e89b-12d3-a456-4266554400${two(random, 10, 99)}'` }),
    () => ({ type: 'INET6', value: (random) => `'::${random.integer(1, 9999)}'` }),
    () => ({ type: 'VARCHAR(500) COMPRESSED', value: (random) => `REPEAT('c', ${random.integer(0, 500)})` }),
  ],
}

function numbers(type: string, low: number, high: number): ColumnKind {
  return { type, value: (random) => String(random.integer(low, high)) }
}

function bits(width: number): ColumnKind {
  const value = (random: Random): string => {
    const digits = Array.from({ length: width }, () => random.integer(0, 1))
    return `b'${digits.join('')}'`
  }
  return { type: `BIT(${width})`, value }
}

function moments(type: string): ColumnKind {
  const value = (random: Random): string =>
    `'20${two(random, 10, 30)}-${two(random, 1, 12)}-${two(random, 1, 28)} 12:${clock(random)}'`
  return { type, value }
}

function texts(type: string): ColumnKind {
  return { type, value: text }
}

function bytes(type: string, low: number, high: number): ColumnKind {
  return {
    type,
    value: (random) => `REPEAT(UNHEX('${two(random, 10, 99)}00ff'), ${Math.floor(random.integer(low, high) / 3)})`,
  }
}

function text(random: Random): string {
  return `'${random.pick(WORDS)}'`
}

function integer(random: Random): string {
  return String(random.integer(-1000, 1000))
}

function clock(random: Random): string {
  return `${two(random, 0, 59)}:${two(random, 0, 59)}.${random.integer(0, 999_999)}`
}

function two(random: Random, low: number, high: number): string {
  return String(random.integer(low, high)).padStart(2, '0')
}
