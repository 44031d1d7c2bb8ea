import type { PrivilegeRule } from './flavor-dialect.ts'

/** What the dump programs of both flavors need. */
export const DUMP: readonly PrivilegeRule[] = [
  { anyOf: ['SELECT'], why: 'all tables, and the accounts in the mysql schema, are read', severity: 'error' },
  { anyOf: ['SHOW VIEW'], why: 'views are dumped', severity: 'error' },
  // Without it they are left out, and the program says nothing.
  { anyOf: ['TRIGGER'], why: 'triggers are dumped', severity: 'error' },
  { anyOf: ['EVENT'], why: 'events are dumped', severity: 'error' },
]

/** What it takes on both flavors to make databases and accounts again. */
export const REBUILD: readonly PrivilegeRule[] = [
  ...[
    'CREATE',
    'DROP',
    'ALTER',
    'INDEX',
    'REFERENCES',
    'SELECT',
    'INSERT',
    'UPDATE',
    'DELETE',
    'CREATE VIEW',
    'SHOW VIEW',
    'CREATE ROUTINE',
    'ALTER ROUTINE',
    'TRIGGER',
    'EVENT',
    'LOCK TABLES',
    'CREATE TEMPORARY TABLES',
  ].map((privilege): PrivilegeRule => {
    return { anyOf: [privilege], why: 'databases, tables and rows are made again', severity: 'error' }
  }),
  { anyOf: ['CREATE USER'], why: 'the accounts are made again', severity: 'error' },
  {
    anyOf: ['GRANT OPTION'],
    why: 'accounts of the backup get their privileges; none is given that the account does not have itself',
    severity: 'warning',
  },
]
