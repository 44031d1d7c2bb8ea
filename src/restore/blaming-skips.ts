import { PitrError } from '../errors.ts'
import type { RestorePlan } from '../image/restore-plan.ts'

/** Replays. Where a server refuses what may need something that the plan skips, its error says so. */
export async function blamingSkips<Result>(
  { skipped }: Pick<RestorePlan, 'skipped'>,
  replay: () => Promise<Result>,
): Promise<Result> {
  try {
    return await replay()
  } catch (error) {
    const isRefused = error instanceof PitrError && error.code === 'ReplayFailed'
    if (!isRefused || error.details['answer'] === 'ConnectionFailed' || skipped === undefined) throw error
    const { code, subject, message, hint, details } = error
    const names = skipped.transactions.map(({ gtid, start }) => gtid ?? start)
    throw new PitrError(code, {
      subject,
      message,
      hint: `The plan skips ${skipped.transactions.length === 1 ? 'a transaction' : `${names.length} transactions`}, and this one may need it: then make a plan that skips this one too, or none, and restore it into another empty server. Otherwise: ${hint}`,
      details: { ...details, skipped: names },
      cause: error,
    })
  }
}
