import { PitrError, parseBinlogPosition } from '../index.ts'
import type { PlanOptions, RestoreTarget, TransactionName } from '../index.ts'
import { choice } from './command-line.ts'
import type { OptionName, Options } from './command-line.ts'

/** The options that name a restore target, what is left out before it, and what is restored at all. */
export const TARGET_OPTIONS: readonly OptionName[] = [
  'latest',
  'time',
  'exclusive',
  'before',
  'after',
  'position',
  'ambiguous',
  'skip',
  'skipped-gtids',
  'only-database',
  'only-table',
]

/** The restore target the options name; exactly one. Throws `InvalidArgument`. */
export function readTarget(options: Options): RestoreTarget {
  if (options.exclusive === true && options.time === undefined) {
    throw new PitrError('InvalidArgument', {
      subject: '--exclusive',
      message: '--exclusive is given without --time',
      hint: 'It says whether a commit at exactly that time is left out; drop it, or name the time.',
    })
  }
  const given: RestoreTarget[] = []
  if (options.latest) given.push({ kind: 'latest' })
  if (options.time !== undefined) given.push({ kind: 'time', at: options.time, exclusive: options.exclusive ?? false })
  if (options.before !== undefined) given.push({ kind: 'transaction', gtid: options.before, side: 'before' })
  if (options.after !== undefined) given.push({ kind: 'transaction', gtid: options.after, side: 'after' })
  if (options.position !== undefined) given.push({ kind: 'position', at: parseBinlogPosition(options.position) })
  const [target, second] = given
  if (target !== undefined && second === undefined) return target
  throw new PitrError('InvalidArgument', {
    subject: 'restore target',
    message: target === undefined ? 'no restore target is named' : 'more than one restore target is named',
    hint: 'Give exactly one of --latest, --time, --before, --after, --position.',
  })
}

/** The options of planning. */
export function readPlanOptions(options: Options): PlanOptions {
  return {
    ambiguous: choice(options, 'ambiguous', ['first', 'last']),
    skip: options.skip?.map(readName),
    skippedGtids: choice(options, 'skipped-gtids', ['missing', 'executed']),
    only: readOnly(options),
  }
}

function readOnly(options: Options): PlanOptions['only'] {
  const [databases, tables] = [options['only-database'], options['only-table']]
  return databases === undefined && tables === undefined ? undefined : { databases, tables }
}

// No GTID has a dot in it, and every binlog file has one.
function readName(text: string): TransactionName {
  return text.includes('.') ? { start: parseBinlogPosition(text) } : text
}
