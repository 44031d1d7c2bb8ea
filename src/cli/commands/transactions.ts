import type { FoundTransaction } from '../../index.ts'
import { choice } from '../command-line.ts'
import { openArchive } from '../context.ts'
import type { Command } from '../context.ts'

/** `mysql-pitr transactions` */
export const transactions: Command = {
  help: 'find transactions: the DROP, the DELETE without WHERE',
  options: ['archive', 'from', 'to', 'table', 'kind'],
  async run(context) {
    const { options, operation, print } = context
    const kind = choice(options, 'kind', ['row', 'ddl', 'statement', 'mixed', 'empty', 'xa'])
    await using manager = await openArchive(context)
    for await (const found of manager.transactions(
      { from: options.from, to: options.to, table: options.table, kind },
      operation,
    )) {
      print(
        () => describe(found),
        () => found,
      )
    }
  },
}

function describe({ commitTime, gtid, start, kind, changes, statement }: FoundTransaction): string {
  const tables = changes.map(({ database, table, inserted, updated, deleted }) => {
    const rows = [`+${inserted}`, `~${updated}`, `-${deleted}`].filter((text) => !text.endsWith('0') || text.length > 2)
    return [table === undefined ? database : `${database}.${table}`, ...rows].join(' ')
  })
  const text = statement?.replace(/\s+/g, ' ').slice(0, 100)
  return [String(commitTime), gtid ?? `${start.file}:${start.offset}`, kind, tables.join(', '), text]
    .filter(Boolean)
    .join('  ')
}
