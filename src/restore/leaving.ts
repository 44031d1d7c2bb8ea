import { PitrError } from '../errors.ts'

/** What an operation that failed behind its first write left: for `details.target`, and for the hint. */
const LEFT = {
  begun: {
    target: 'marked and isolated',
    hint: 'The target stays marked and isolated; the same plan (PLAN) can be restored on it again.',
  },
  proved: {
    target: 'proved and isolated',
    hint: 'The target is whole, proved and still isolated: releaseTarget(server) (the command release), or a restore of the same plan (PLAN), opens it.',
  },
  releasing: {
    target: 'proved, partly open',
    hint: 'The target is whole and proved, and its isolation is lifted in part, so others may use it already: releaseTarget(server) (the command release), or a restore of the same plan (PLAN), finishes that.',
  },
  released: {
    target: 'proved and open',
    hint: 'The target is whole, proved and open; only its mark may be left, the schema mysql_pitr: releaseTarget(server) (the command release), or a restore of the same plan (PLAN), removes it.',
  },
} as const

/** How far a target is when something fails. */
type TargetState = keyof typeof LEFT

/** Does it; adds to its error exactly what state the target is in, and what to do. */
export async function leaving<Result>(
  planHash: string,
  state: TargetState,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof PitrError)) throw error
    const { code, subject, message, hint, details } = error
    const { target, hint: next } = LEFT[state]
    throw new PitrError(code, {
      subject,
      message,
      hint: `${hint} ${next.replace('PLAN', planHash.slice(0, 12))}`,
      details: { ...details, target, planHash },
      cause: error,
    })
  }
}
