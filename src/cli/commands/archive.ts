import { connect, openArchive, SERVER_OPTIONS } from '../context.ts'
import type { Command } from '../context.ts'

/** `mysql-pitr archive` */
export const archive: Command = {
  help: 'ship what is new in the binary log, once',
  options: ['archive', ...SERVER_OPTIONS],
  async run(context) {
    const { options, operation, print } = context
    await using manager = await openArchive(context)
    await using server = await connect(options)
    const report = await manager.archive(server, operation)
    print(
      () =>
        `archived ${report.bytes} bytes, ${report.transactions} transactions, up to ` +
        `${report.end.file}:${report.end.offset}; complete until ${String(report.coveredUntil)}`,
      () => report,
    )
  },
}
