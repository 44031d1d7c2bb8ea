import { quoteIdentifier } from '../quote.ts'
import type { ColumnFacts } from './table-facts.ts'

/** Types whose values are equal when the server says so. */
const PLAIN: ReadonlySet<string> = new Set(
  [
    'tinyint smallint mediumint int bigint decimal bit year date time datetime timestamp',
    'binary varbinary tinyblob blob mediumblob longblob inet4 inet6 uuid vector',
    'geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection',
  ].flatMap((types) => types.split(' ')),
)
const TEXTS: ReadonlySet<string> = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'])

/**
 * SQL that is true when a column of the rows `a` and `b` holds the same value, to the last bit, or NULL in both; undefined
 * for a type that is not known.
 */
export function sameValue({ name, type, characterSet }: ColumnFacts): string | undefined {
  const [a, b] = [`a.${quoteIdentifier(name)}`, `b.${quoteIdentifier(name)}`]
  const binary = characterSet === undefined || characterSet === 'binary' ? '' : ` COLLATE ${characterSet}_bin`
  if (PLAIN.has(type)) return `${a} <=> ${b}`
  // Collations may pass over spaces at the end.
  if (TEXTS.has(type)) return `${a}${binary} <=> ${b} AND LENGTH(${a}) <=> LENGTH(${b})`
  switch (type) {
    case 'float':
    case 'double':
      // 0 equals -0, and only as text they differ.
      return `${a} <=> ${b} AND CAST(${a} AS CHAR) <=> CAST(${b} AS CHAR)`
    case 'enum':
    case 'set':
      // The empty text may be the first of its values, or stand for none of them.
      return `${a}${binary} <=> ${b} AND ${a} + 0 <=> ${b} + 0`
    case 'json':
      // As values 1 equals 1.0.
      return `${a} <=> ${b} AND CAST(${a} AS CHAR) COLLATE utf8mb4_bin <=> CAST(${b} AS CHAR)`
    default:
      return undefined
  }
}
