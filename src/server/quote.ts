/** Quotes an identifier: `` `order``s` ``. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/**
 * Quotes a string for a session with our own `sql_mode`, in which a backslash escapes.
 * See [String Literals](https://dev.mysql.com/doc/refman/en/string-literals.html).
 */
export function quoteString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`
}
