import { openArchive } from '../context.ts'
import type { Command } from '../context.ts'

/** `mysql-pitr window` */
export const window: Command = {
  help: 'show which moments can be restored',
  options: ['archive'],
  async run(context) {
    await using manager = await openArchive(context)
    const found = await manager.window(context.operation)
    context.print(
      () =>
        [
          `earliest  ${String(found.earliest)}`,
          `latest    ${found.latest === undefined ? 'none yet: archive again' : String(found.latest)}`,
          ...found.holes.map(({ from, to, reason }) => `hole      ${String(from)} to ${String(to)}: ${reason}`),
        ].join('\n'),
      () => found,
    )
  },
}
