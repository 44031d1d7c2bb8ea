import { writeFile } from 'node:fs/promises'

import { openArchive } from '../context.ts'
import type { Command } from '../context.ts'
import { readPlanOptions, readTarget, TARGET_OPTIONS } from '../target.ts'

/** `mysql-pitr plan` */
export const plan: Command = {
  help: 'say how a target would be reached, without touching a server',
  options: ['archive', ...TARGET_OPTIONS, 'out'],
  async run(context) {
    const { options, operation, print } = context
    const target = readTarget(options)
    await using manager = await openArchive(context)
    const made = await manager.plan(target, { ...readPlanOptions(options), ...operation })
    // A plan names databases and tables: for its owner only.
    if (options.out !== undefined) await writeFile(options.out, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 })
    print(
      () => made.toText(),
      () => made,
    )
  },
}
