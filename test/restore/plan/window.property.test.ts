import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timestamp } from '../../../src/coordinates/timestamp.ts'
import { PitrError } from '../../../src/errors.ts'
import { RecoveryWindow } from '../../../src/image/recovery-window.ts'
import { locateTarget } from '../../../src/restore/plan/locate-target.ts'
import { segmentOf } from '../../../src/restore/plan/log-span.ts'
import { LogView } from '../../../src/restore/plan/log-view.ts'
import { planRestore } from '../../../src/restore/plan/plan-restore.ts'
import { histories } from './history.ts'
import type { History } from './history.ts'

const LOGS = histories({ scoped: false, obstacles: false, stepsBack: false })

/** The code planning fails with, or `planned`. */
function outcome({ details }: History, facts: History['facts'], at: Timestamp): string {
  const target = { kind: 'time', at } as const
  const options = { archiveId: 'archive', ambiguous: undefined }
  try {
    const log = LogView.of(facts)
    const read = locateTarget(log, target, options).map(
      (span) => [span, details.get(segmentOf(span).blob.key) ?? []] as const,
    )
    planRestore(log.with(new Map(read)), target, options)
    return 'planned'
  } catch (error) {
    if (error instanceof PitrError) return error.code
    throw error
  }
}

test('every moment of the window can be planned, and none outside it', () => {
  fc.assert(
    fc.property(LOGS, fc.integer({ min: 0, max: 1000 }), (history, permille) => {
      const { earliest, latest, holes, resolution } = RecoveryWindow.of(history.facts)
      expect(holes).toEqual([])
      expect(earliest.resolution).toBe(resolution)
      const unit = resolution === 'second' ? 1_000_000 : 1
      const beyond = latest === undefined ? earliest.epochMicroseconds : latest.epochMicroseconds + unit
      for (const time of [beyond, earliest.epochMicroseconds - unit]) {
        expect(outcome(history, history.facts, new Timestamp(time, 'microsecond'))).not.toBe('planned')
      }
      if (latest === undefined) return
      expect(latest.resolution).toBe(resolution)
      expect(latest.compare(earliest)).toBeGreaterThanOrEqual(0)
      const between = earliest.epochMicroseconds + Math.floor((latest.compare(earliest) * permille) / 1000)
      for (const time of [earliest.epochMicroseconds, between, latest.epochMicroseconds]) {
        expect(outcome(history, history.facts, new Timestamp(time, 'microsecond'))).toBe('planned')
      }
    }),
    { numRuns: 300 },
  )
})

test('in a hole nothing can be planned', () => {
  const holed = LOGS.chain((history) => {
    const { segments } = history.facts
    return fc.tuple(fc.constant(history), fc.subarray([...segments], { minLength: Math.ceil(segments.length / 2) }))
  })
  fc.assert(
    fc.property(holed, ([history, segments]) => {
      const facts = { ...history.facts, segments }
      for (const { from, to } of RecoveryWindow.of(facts).holes) {
        expect(outcome(history, facts, from)).not.toBe('planned')
        const last = new Timestamp(to.epochMicroseconds - (from.resolution === 'second' ? 1_000_000 : 1), 'microsecond')
        expect(last.compare(from) > 0 && outcome(history, facts, last) === 'planned').toBe(false)
      }
    }),
    { numRuns: 300 },
  )
})

test('before the first backup there is no window', () => {
  fc.assert(
    fc.property(LOGS, ({ facts }) => {
      expect(() => RecoveryWindow.of({ ...facts, images: [] })).toThrow(expect.objectContaining({ code: 'NoImage' }))
    }),
    { numRuns: 5 },
  )
})
