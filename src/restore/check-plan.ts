import type { Archive } from '../archive/archive.ts'
import { canonicalJson } from '../image/canonical-json.ts'
import type { PlannedSegment } from '../image/restore-plan-parts.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import { SegmentChain } from '../image/segment-chain.ts'
import type { Segment } from '../image/segment.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import { blamingDamage } from './blaming-damage.ts'
import { planMismatch } from './plan-mismatch.ts'

/**
 * Checks that a plan belongs to this archive and that the archive still holds what it was made from: the plan may have
 * been made long ago, approved by a person, and carried here. Returns its segments, proved to be contiguous. Reads no
 * bytes. Throws `PlanMismatch`, `BrokenChain` or `CorruptManifest`.
 */
export function checkPlan(archive: Pick<Archive, 'id'>, facts: TimelineFacts, plan: RestorePlan): readonly Segment[] {
  if (plan.archiveId !== archive.id) {
    throw planMismatch(plan.archiveId, `it was made from archive ${plan.archiveId}, this one is ${archive.id}`)
  }
  if (plan.timelineId !== facts.timelineId) {
    throw planMismatch(plan.timelineId, `it restores timeline ${plan.timelineId}, the archive's is ${facts.timelineId}`)
  }
  checkImage(facts, plan)
  return checkSegments(facts, plan)
}

function checkImage({ images, unreadable }: TimelineFacts, { image }: RestorePlan): void {
  const found = images.find(({ id }) => id === image.id)
  const damage = unreadable?.find(({ kind, key }) => kind === 'image' && key.includes(`/${image.id}/`))
  if (found === undefined && damage !== undefined) throw damage.error
  if (found === undefined) throw planMismatch(image.id, `its image ${image.id} is not in the archive any more`)
  const { id, position, fileId, gtidSet, startTime, backup } = found
  if (asText({ id, position, fileId, gtidSet, startTime, backup }) !== asText(image)) {
    throw planMismatch(image.id, `its image ${image.id} is another one in the archive`)
  }
}

function checkSegments(facts: TimelineFacts, plan: RestorePlan): readonly Segment[] {
  const chain = SegmentChain.of(facts.flavor, facts.segments)
  const known = new Map(chain.segments.map((segment, place) => [keyOf(segment), place]))
  const places = plan.segments.map((planned) => placeOf(facts, chain, known.get(keyOf(planned)), planned))
  const [first] = places
  const last = places.at(-1)
  if (first === undefined || last === undefined) return []
  blamingDamage(facts, () => chain.prove(first, last))
  // Contiguous in the plan too: nothing between its first and its last segment may be left out.
  const segments = chain.segments.slice(first, last + 1)
  if (segments.length !== plan.segments.length || places.some((place, i) => place !== first + i)) {
    throw planMismatch('segments', 'its segments are not those of the archive in their order')
  }
  checkEnds(segments, plan)
  return segments
}

function keyOf({ fileId, from }: PlannedSegment): string {
  return `${fileId}:${from}`
}

function placeOf(
  { unreadable }: TimelineFacts,
  chain: SegmentChain,
  place: number | undefined,
  planned: PlannedSegment,
): number {
  const { fileId, file, from, to } = planned
  const found = chain.segments[place ?? -1]
  const damage = unreadable?.find((each) => each.kind === 'segment' && each.fileId === fileId && each.from === from)
  if (found === undefined && damage !== undefined) throw damage.error
  if (place === undefined || found === undefined)
    throw planMismatch(file, `its segment of ${file} from ${from} to ${to} is not in the archive any more`)
  const { format, blob } = found
  if (asText({ fileId, file: found.file, from, to: found.to, format, blob }) !== asText(planned)) {
    throw planMismatch(file, `its segment of ${file} from ${from} to ${to} is another one in the archive`)
  }
  return place
}

function checkEnds(segments: readonly Segment[], { start, stop }: RestorePlan): void {
  const [first] = segments
  const last = segments.at(-1)
  if (first?.fileId !== start.fileId || first.from !== 0) {
    throw planMismatch('start', `its segments do not begin with the file of its start, ${start.position.file}`)
  }
  if (last?.fileId !== stop.fileId || last.to < stop.position.offset) {
    throw planMismatch('stop', `its segments do not reach its stop, ${stop.position.file}:${stop.position.offset}`)
  }
}

function asText(value: unknown): string {
  // Sets and times write themselves as text first.
  return canonicalJson(JSON.parse(JSON.stringify(value)))
}
