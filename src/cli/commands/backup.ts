import { mysqldump, PitrError, RecoveryImageManager } from '../../index.ts'
import { archiveStorage, connect, openArchive, SERVER_OPTIONS } from '../context.ts'
import type { Command, CommandContext } from '../context.ts'

/** `mysql-pitr backup` */
export const backup: Command = {
  help: 'take a backup: opens a recovery image and closes the one before',
  options: ['archive', 'create', ...SERVER_OPTIONS, 'databases', 'lock'],
  async run(context) {
    const { options, operation, print } = context
    // The server first: a wrong password leaves no empty archive behind.
    await using server = await connect(options)
    await using manager = options.create === true ? await createOrOpen(context) : await openArchive(context)
    const method = mysqldump({
      databases: options.databases?.split(','),
      consistency: options.lock === true ? 'lock' : 'snapshot',
    })
    const image = await manager.backup(server, { method, ...operation })
    print(
      () =>
        `recovery image ${image.id} at ${image.position.file}:${image.position.offset}, started ${String(image.startTime)}`,
      () => image,
    )
  },
}

/** With `--create` the same command can be run again, also when the first backup failed behind the making of the archive. */
async function createOrOpen(context: CommandContext): Promise<RecoveryImageManager> {
  try {
    return await RecoveryImageManager.create({ storage: archiveStorage(context.options), ...context.operation })
  } catch (error) {
    if (error instanceof PitrError && error.code === 'ArchiveExists') return openArchive(context)
    throw error
  }
}
