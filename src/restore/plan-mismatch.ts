import { PitrError } from '../errors.ts'

/** A plan that does not fit what the archive holds. */
export function planMismatch(subject: string, reason: string): PitrError {
  return new PitrError('PlanMismatch', {
    subject,
    message: `the plan does not fit the archive: ${reason}`,
    hint: 'Make the plan again from this archive. When it still does not fit, the archive or the plan was changed by somebody else.',
  })
}
