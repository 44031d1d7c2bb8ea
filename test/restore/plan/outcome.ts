import { PitrError } from '../../../src/errors.ts'
import type { RestorePlan } from '../../../src/image/restore-plan.ts'

/** Everything a plan says, to be compared. */
export function describePlan(plan: RestorePlan): object {
  return { hash: plan.hash, plan: JSON.parse(JSON.stringify(plan)), text: plan.toText() }
}

/** Everything our error says. Throws any other. */
export function describeFailure(error: unknown): object {
  if (!(error instanceof PitrError)) throw error
  const { code, subject, message, hint, details } = error
  return { code, subject, message, hint, details: JSON.parse(JSON.stringify(details)) }
}
