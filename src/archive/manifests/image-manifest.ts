import * as v from 'valibot'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import type { BackupImage } from '../../image/backup-image.ts'
import type { ImageFacts } from '../../image/timeline-facts.ts'
import { imageKey, partKey } from '../layout.ts'
import { corruptManifest, parseManifest, serializeManifest } from './envelope.ts'
import { binlogPosition, blob, flavor, id, size, succeeds, text, timestamp } from './schemas.ts'

/** Writes the text of an image manifest. */
export function serializeImageManifest(image: ImageFacts): string {
  return serializeManifest('image', image)
}

/** Reads it. Throws `CorruptManifest`, also when it or one of its parts lies at another place than its own, or `UnknownFormat`. */
export function parseImageManifest(text: string, key: string): ImageFacts {
  const image = parseManifest('image', schema(), text, key)
  if (imageKey(image.timelineId, image.id) !== key) throw corruptManifest(key, 'it is about another image')
  if (!partsInPlace(image)) throw corruptManifest(key, 'a part is said to lie at another place')
  return image
}

/** Whether every part lies where parts of this image lie, and no two at one place. */
function partsInPlace({ timelineId, id, backup: { parts } }: ImageFacts): boolean {
  const inPlace = ({ name, blob }: BackupImage['parts'][number]) =>
    succeeds(() => partKey(timelineId, id, name)) && partKey(timelineId, id, name) === blob.key
  return parts.every(inPlace) && new Set(parts.map(({ name }) => name)).size === parts.length
}

function schema(): v.GenericSchema<unknown, ImageFacts> {
  const recorded = v.strictObject({
    id: id(),
    timelineId: id(),
    backup: backup(),
    position: binlogPosition(),
    fileId: id(),
    gtidSet: v.optional(v.string()),
    startTime: timestamp(),
  })
  return v.pipe(
    recorded,
    v.check(({ backup, gtidSet }) => succeeds(() => readSet(backup, gtidSet)), 'a GTID set'),
    v.transform(({ gtidSet, ...image }): ImageFacts => {
      const set = readSet(image.backup, gtidSet)
      return set === undefined ? image : { ...image, gtidSet: set }
    }),
  )
}

function readSet({ server }: BackupImage, text: string | undefined): GtidSet | undefined {
  return text === undefined ? undefined : parseGtidSet(server.flavor, text)
}

function backup(): v.GenericSchema<unknown, BackupImage> {
  return v.strictObject({
    method: text(),
    tool: v.strictObject({ program: text(), version: text() }),
    server: v.strictObject({
      flavor: flavor(),
      version: text(),
      serverId: size(),
      serverUuid: v.optional(text()),
      settings: v.record(v.string(), text()),
      systemTimeZone: text(),
    }),
    scope: v.union([v.literal('all'), v.strictObject({ databases: v.array(text()) })]),
    needs: v.strictObject({ engines: v.array(text()), timeZones: v.array(text()) }),
    notIncluded: v.array(text()),
    parts: v.array(v.strictObject({ name: text(), blob: blob() })),
    bytes: size(),
  })
}
