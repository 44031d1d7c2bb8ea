import type { Finished, Moment } from '../../../support/child/child-main.ts'
import type { Random } from '../../../support/random.ts'

/**
 * Random moments in an operation that took so many steps and so long: half of them right at a step, which is between two
 * storage operations, or shortly behind it; half anywhere in its time.
 */
export function randomMoments(random: Random, count: number, { steps, elapsedMs }: Finished): Moment[] {
  return Array.from({ length: count }, (_, index): Moment => {
    if (index % 2 === 0) return { step: 1, delayMs: random.integer(1, Math.ceil(elapsedMs)) }
    return { step: random.integer(1, steps), delayMs: random.chance(0.5) ? 0 : random.integer(1, 30) }
  })
}
