import type { RestoreTarget } from '../../image/restore-target.ts'
import { findPosition } from './find-position.ts'
import { findTime } from './find-time.ts'
import { findTransaction } from './find-transaction.ts'
import type { LogView } from './log-view.ts'
import type { PlannerOptions } from './plan-options.ts'
import { proveEnd } from './prove-log.ts'
import { stopAtEnd } from './stop.ts'
import type { Stop } from './stop.ts'

/** Where replay stops for a target. Throws what the kinds of targets throw. */
export function findStop(log: LogView, target: RestoreTarget, { ambiguous }: Pick<PlannerOptions, 'ambiguous'>): Stop {
  switch (target.kind) {
    case 'latest':
      proveEnd(log)
      return stopAtEnd(log)
    case 'time': {
      const stop = findTime(log, target, ambiguous)
      if (stop.next === undefined) proveEnd(log)
      return stop
    }
    case 'transaction':
      return findTransaction(log, target)
    case 'position':
      return findPosition(log, target)
  }
}
