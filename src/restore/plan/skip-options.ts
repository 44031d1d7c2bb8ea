import { PitrError } from '../../errors.ts'
import { requireOneOf } from '../../options.ts'
import type { PlanOptions, TransactionName } from './plan-options.ts'

/** What is to be skipped, checked for callers without types. Throws `InvalidArgument`. */
export function readSkipOptions({ skip, skippedGtids }: PlanOptions): Pick<PlanOptions, 'skip' | 'skippedGtids'> {
  if (skip !== undefined && (!Array.isArray(skip) || !skip.every(isName))) {
    throw new PitrError('InvalidArgument', {
      subject: 'skip',
      message: 'skip is not a list of names of transactions',
      hint: 'Give a list of GTIDs, or of transactions as manager.transactions() finds them.',
    })
  }
  if (skippedGtids === undefined) return { skip }
  requireOneOf('skippedGtids', skippedGtids, ['missing', 'executed'])
  if (skip !== undefined && skip.length > 0) return { skip, skippedGtids }
  throw new PitrError('InvalidArgument', {
    subject: 'skippedGtids',
    message: 'skippedGtids is given, but nothing is skipped',
    hint: 'Name the transactions to skip in `skip`.',
  })
}

function isName(name: unknown): name is TransactionName {
  if (typeof name === 'string') return true
  if (typeof name !== 'object' || name === null || !('start' in name)) return false
  const { start, gtid, fileId }: { start: unknown; gtid?: unknown; fileId?: unknown } = name
  if (![gtid, fileId].every((each) => each === undefined || typeof each === 'string')) return false
  if (typeof start !== 'object' || start === null || !('file' in start) || !('offset' in start)) return false
  return typeof start.file === 'string' && Number.isSafeInteger(start.offset)
}
