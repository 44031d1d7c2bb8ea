import * as v from 'valibot'
import { timelineIdOf } from '../layout.ts'
import type { Timeline } from '../timeline.ts'
import { corruptManifest, parseManifest, serializeManifest } from './envelope.ts'
import { flavor, id, size, text, timestamp } from './schemas.ts'

/** Writes the text of a timeline manifest. */
export function serializeTimelineManifest(timeline: Timeline): string {
  return serializeManifest('timeline', timeline)
}

/** Reads it. Throws `CorruptManifest`, also when it lies at another timeline's key, or `UnknownFormat`. */
export function parseTimelineManifest(text: string, key: string): Timeline {
  const timeline = parseManifest('timeline', schema(), text, key)
  if (timeline.id !== timelineIdOf(key)) throw corruptManifest(key, 'it is about another timeline')
  return timeline
}

function schema(): v.GenericSchema<unknown, Timeline> {
  const source = v.strictObject({ serverId: size(), serverUuid: v.optional(text()), version: text() })
  return v.strictObject({ id: id(), flavor: flavor(), source, createdAt: timestamp() })
}
