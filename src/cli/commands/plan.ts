import { writeFile } from 'node:fs/promises'

import { PitrError } from '../../index.ts'
import type { RestorePlan } from '../../index.ts'
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
    print(
      () => made.toText(),
      () => made,
    )
    if (options.out !== undefined) await savePlan(made, options.out)
  },
}

async function savePlan(made: RestorePlan, path: string): Promise<void> {
  try {
    // A plan names databases and tables: for its owner only.
    await writeFile(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 })
  } catch (error) {
    throw new PitrError('InvalidArgument', {
      subject: `--out ${path}`,
      message: `the plan cannot be saved: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Name a file in a folder that is there and can be written to. The plan itself is printed.',
      cause: error,
    })
  }
}
