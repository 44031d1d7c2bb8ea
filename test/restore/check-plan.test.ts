import { describe, expect, test } from 'vitest'
import type { RestorePlanParts } from '../../src/image/restore-plan-parts.ts'
import { RestorePlan } from '../../src/image/restore-plan.ts'
import type { TimelineFacts } from '../../src/image/timeline-facts.ts'
import { checkPlan } from '../../src/restore/check-plan.ts'
import { expectPitrError } from '../support/expect-pitr-error.ts'
import { image, segment } from '../image/facts.ts'
import { FACTS, PARTS } from './sample-plan.ts'

function check(parts: Partial<RestorePlanParts>, facts: Partial<TimelineFacts> = {}): readonly unknown[] {
  return checkPlan({ id: 'archive' }, { ...FACTS, ...facts }, new RestorePlan({ ...PARTS, ...parts }))
}

test('a plan of this archive gives its segments as they are recorded', () => {
  expect(check({})).toEqual(FACTS.segments)
})

test('a plan that went through JSON does too', () => {
  const again = RestorePlan.fromJSON(JSON.parse(JSON.stringify(new RestorePlan(PARTS))))
  expect(checkPlan({ id: 'archive' }, FACTS, again)).toEqual(FACTS.segments)
})

test('later images and segments do not matter', () => {
  const more = segment(3, 0, 400, { previous: { fileId: 'id2', to: 800 } })
  const ended = FACTS.segments.with(2, { ...FACTS.segments[2]!, end: 'rotate' })
  const facts = { images: [...FACTS.images, image('image-2', 2, 300, 30)], segments: [...ended, more] }
  expect(check({}, facts)).toEqual(ended)
})

test('a plan that replays nothing needs no segment', () => {
  expect(check({ segments: [] })).toEqual([])
})

describe('PlanMismatch', () => {
  const [first, second, third] = PARTS.segments as [never, never, RestorePlanParts['segments'][number]]
  const otherBlob = { ...third.blob, stored: { bytes: 100, sha256: 'c'.repeat(64) } }
  test.each<[string, string, Partial<RestorePlanParts>, Partial<TimelineFacts>]>([
    ['for another archive', 'other', { archiveId: 'other' }, {}],
    ['for another timeline', 'other', { timelineId: 'other' }, {}],
    ['when the image is gone', 'image-1', {}, { images: [] }],
    ['when the image is another one', 'image-1', {}, { images: [image('image-1', 1, 158, 0)] }],
    ['when a segment is gone', 'binlog.000002', {}, { segments: FACTS.segments.slice(0, 2) }],
    [
      'when the hash of a segment is another one',
      'binlog.000002',
      { segments: [first, second, { ...third, blob: otherBlob }] },
      {},
    ],
    ['when the plan leaves a segment out', 'segments', { segments: [first, third] }, {}],
    ['when the plan turns segments around', 'segments', { segments: [second, first, third] }, {}],
    ['when the plan ends too early', 'stop', { segments: [first, second] }, {}],
    ['when the plan begins in the middle', 'start', { segments: [second, third] }, {}],
  ])('%s', async (_, subject, parts, facts) => {
    await expectPitrError(() => check(parts, facts), { code: 'PlanMismatch', subject })
  })
})

test('BrokenChain when the archive has a hole where the plan has none', async () => {
  const third = { ...FACTS.segments[2]!, previous: { fileId: 'lost', to: 900 } }
  await expectPitrError(() => check({}, { segments: FACTS.segments.with(2, third) }), { code: 'BrokenChain' })
})
