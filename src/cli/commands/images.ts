import { openArchive } from '../context.ts'
import type { Command } from '../context.ts'

/** `mysql-pitr images` */
export const images: Command = {
  help: 'list the recovery images',
  options: ['archive'],
  async run(context) {
    await using manager = await openArchive(context)
    const sequence = await manager.images(context.operation)
    context.print(
      () =>
        [...sequence]
          .map((image) =>
            [
              image.id,
              image.state.padEnd(6),
              `${String(image.startTime)} to ${String(image.endTime ?? 'now')}`,
              `${image.position.file}:${image.position.offset}`,
              `${image.backup.bytes} bytes (${image.backup.method})`,
            ].join('  '),
          )
          .join('\n') || 'no recovery image yet',
      () => [...sequence],
    )
  },
}
