import { PitrError, RestorePlan } from '../../index.ts'
import type { RecoveryImageManager } from '../../index.ts'
import { choice } from '../command-line.ts'
import type { Options } from '../command-line.ts'
import { connect, openArchive, readText, SERVER_OPTIONS } from '../context.ts'
import type { Command, CommandContext } from '../context.ts'
import { readPlanOptions, readTarget, TARGET_OPTIONS } from '../target.ts'

/** `mysql-pitr restore` */
export const restore: Command = {
  help: 'restore into an empty running server, and prove it',
  options: [
    'archive',
    'plan',
    ...TARGET_OPTIONS,
    ...SERVER_OPTIONS,
    'accounts',
    'isolation',
    'durability',
    'replayer',
    'preserve-transactions',
    'verify-before',
  ],
  async run(context) {
    const { options, operation, print } = context
    requireOneWay(options)
    const chosen = {
      accounts: choice(options, 'accounts', ['all', 'none']),
      isolation: choice(options, 'isolation', ['lift', 'keep']),
      durability: choice(options, 'durability', ['full', 'relaxed']),
      replayer: choice(options, 'replayer', ['direct', 'mysqlbinlog']),
    }
    await using manager = await openArchive(context)
    const plan = await planToRestore(manager, context)
    if (options.json !== true) process.stderr.write(`${plan.toText()}\n\n`)
    await using server = await connect(options)
    const report = await manager.restore(plan, {
      into: { kind: 'server', server },
      ...chosen,
      preserveTransactions: options['preserve-transactions'],
      verifyBefore: options['verify-before'],
      ...operation,
    })
    print(
      () => report.toText(),
      () => report,
    )
  },
}

/** A saved plan says already where to stop. */
function requireOneWay(options: Options): void {
  const second = TARGET_OPTIONS.find((name) => options[name] !== undefined)
  if (options.plan === undefined) readTarget(options)
  else if (second !== undefined) {
    throw new PitrError('InvalidArgument', {
      subject: `--${second}`,
      message: `--${second} is given together with --plan, which says already where to stop and what to restore`,
      hint: 'Give a plan, or a restore target with what to skip or to choose, not both.',
    })
  }
}

async function planToRestore(manager: RecoveryImageManager, context: CommandContext): Promise<RestorePlan> {
  const { options, operation } = context
  if (options.plan === undefined) {
    return manager.plan(readTarget(options), { ...readPlanOptions(options), ...operation })
  }
  const text = await readText('--plan', options.plan)
  try {
    return RestorePlan.fromJSON(JSON.parse(text))
  } catch (error) {
    if (error instanceof PitrError) throw error
    throw new PitrError('CorruptManifest', {
      subject: options.plan,
      message: `${options.plan} is not JSON`,
      hint: 'Make the plan again: mysql-pitr plan --out FILE.',
      cause: error,
    })
  }
}
