import { PitrError } from '../errors.ts'
import type { RestorePlan } from '../image/restore-plan.ts'

/** Adds to an error what became of the target: behind the first write it stays marked and isolated. */
export function leftMarked(error: unknown, plan: RestorePlan): unknown {
  if (!(error instanceof PitrError)) return error
  const { code, subject, message, hint, details } = error
  return new PitrError(code, {
    subject,
    message,
    hint: `${hint} The target stays marked and isolated; the same plan (${plan.hash.slice(0, 12)}) can be restored on it again.`,
    details: { ...details, target: 'marked and isolated', planHash: plan.hash },
    cause: error,
  })
}
