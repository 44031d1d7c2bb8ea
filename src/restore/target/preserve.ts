import { PitrError } from '../../errors.ts'
import type { HeldTarget } from './held-target.ts'
import type { Marker } from './marker.ts'

/** Throws `TargetIncompatible` when the target's own binary log would not hold everything that is replayed. Reads only. */
export async function requireOwnLog({ server, session }: HeldTarget): Promise<void> {
  if ((await session.value('SELECT @@GLOBAL.log_bin')) !== '1') {
    throw incompatible('log_bin', 'it writes no binary log')
  }
  const filters = Object.entries(await server.dialect.binlogFilters(session))
  const filter = filters.find(([, databases]) => databases !== '')
  if (filter !== undefined) throw incompatible(filter[0], `${filter[0]} leaves databases out of its binary log`)
}

/** Throws `InvalidArgument` when an earlier run, which proved the target, made one transaction of several. */
export function requirePreserved({ planHash, state: { loaded } }: Marker): void {
  if (loaded === undefined || loaded.preserves) return
  throw new PitrError('InvalidArgument', {
    subject: 'preserveTransactions',
    message: 'an earlier run proved this target, and joined transactions: its binary log does not hold each of them',
    hint: 'It is whole: restore the same plan again without preserveTransactions, or restore into another server.',
    details: { planHash },
  })
}

function incompatible(subject: string, why: string): PitrError {
  return new PitrError('TargetIncompatible', {
    subject,
    message: `the target cannot hold each transaction in a binary log of its own: ${why}`,
    hint: 'Nothing was written. Start the target with a whole binary log, or restore without preserveTransactions.',
  })
}
