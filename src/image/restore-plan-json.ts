import * as v from 'valibot'
import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { Flavor } from '../coordinates/flavor.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'
import { PitrError } from '../errors.ts'
import type { BackupImage } from './backup-image.ts'
import { binlogFile, blob, parsed, place, position, ref, sha256, size, text, timestamp } from './plan-values.ts'
import type { LogPlace, PlannedSegment, PlannedTransaction, RestorePlanParts, Skipped } from './restore-plan-parts.ts'
import { parseRestoreTarget } from './restore-target.ts'
import type { RestoreTarget } from './restore-target.ts'
import type { LogCounts } from './segment.ts'
import { TRANSACTION_KINDS } from './touched.ts'

/** What the JSON of a plan says: its parts, and the hash it carries. Throws `UnknownFormat` or `CorruptManifest`. */
export function parseRestorePlan(json: unknown, version: number): { parts: RestorePlanParts; hash: string } {
  const found = formatVersionOf(json)
  if (typeof found === 'number' && found !== version) throw unknownFormat(found, version)
  const result = v.safeParse(planSchema(version), json)
  if (!result.success) {
    const [issue] = result.issues
    throw corruptPlan(v.getDotPath(issue) ?? 'restore plan', issue.message)
  }
  const { formatVersion: _, hash, ...parts } = result.output
  return { parts: withGtidSets(parts), hash }
}

/** The error for a plan that is not what was written. */
export function corruptPlan(subject: string, problem: string): PitrError {
  return new PitrError('CorruptManifest', {
    subject,
    message: `this is not a restore plan as it was made: ${problem}`,
    hint: 'Make the plan again. A plan cannot be edited: plan for another target instead.',
  })
}

function formatVersionOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'formatVersion' in json ? json.formatVersion : undefined
}

function unknownFormat(found: number, version: number): PitrError {
  return new PitrError('UnknownFormat', {
    subject: `format ${found}`,
    message: `the plan was written in format ${found}; this version reads format ${version}`,
    hint: 'Make the plan again with this version, or restore it with the version that made it.',
  })
}

// GTID sets are text until the flavor is known, which stands in the backup.
type PlanWithTexts = Omit<RestorePlanParts, 'image' | 'gtids'> & {
  readonly image: Omit<RestorePlanParts['image'], 'gtidSet'> & { readonly gtidSet?: string | undefined }
  readonly gtids?: { readonly after: string; readonly replayed: string } | undefined
}

function withGtidSets({ image, gtids, ...parts }: PlanWithTexts): RestorePlanParts {
  const { flavor } = image.backup.server
  const { gtidSet, ...facts } = image
  return {
    ...parts,
    image: { ...facts, ...(gtidSet === undefined ? {} : { gtidSet: readSet(flavor, gtidSet) }) },
    ...(gtids === undefined
      ? {}
      : { gtids: { after: readSet(flavor, gtids.after), replayed: readSet(flavor, gtids.replayed) } }),
  }
}

function readSet(flavor: Flavor, text: string): GtidSet {
  try {
    return parseGtidSet(flavor, text)
  } catch {
    throw corruptPlan('gtids', `"${text.slice(0, 200)}" is not a GTID set`)
  }
}

function planSchema(
  version: number,
): v.GenericSchema<unknown, PlanWithTexts & { formatVersion: number; hash: string }> {
  const plan = v.strictObject({
    formatVersion: v.literal(version),
    hash: sha256(),
    archiveId: text(),
    timelineId: text(),
    target: target(),
    ambiguous: v.optional(v.picklist(['first', 'last'])),
    only: v.optional(
      v.strictObject({
        databases: v.optional(names()),
        tables: v.optional(
          v.pipe(
            names(),
            v.everyItem((name) => /^[^.]+\.[^.]+$/.test(name)),
          ),
        ),
      }),
    ),
    image: v.strictObject({
      id: text(),
      position: position(),
      fileId: text(),
      gtidSet: v.optional(v.string()),
      startTime: timestamp(),
      backup: backup(),
    }),
    segments: v.array(segment()),
    start: place(),
    stop: place(),
    bytes: v.strictObject({ backup: size(), binlog: size() }),
    counts: v.strictObject(counts()),
    leftOut: v.strictObject({ ...counts(), bytes: size() }),
    skipped: v.optional(skipped()),
    gtids: v.optional(v.strictObject({ after: v.string(), replayed: v.string() })),
    resolution: v.picklist(['microsecond', 'second']),
    lastIncluded: v.optional(transaction()),
    firstExcluded: v.optional(transaction()),
    warnings: v.array(v.string()),
  })
  return v.pipe(
    plan,
    v.check(({ image, start }) => isAt(start, image.fileId, image.position), 'it does not start at its image'),
    v.check(
      ({ image, segments: [first] }) => first === undefined || (first.fileId === image.fileId && first.from === 0),
      'its segments do not begin with the file of its image',
    ),
    v.check(
      ({ counts, leftOut, skipped: { transactions } = { transactions: [] } }) =>
        leftOut.transactions + transactions.length <= counts.transactions,
      'it leaves out more than there is',
    ),
  )
}

function isAt(place: LogPlace, fileId: string, { file, offset }: BinlogPosition): boolean {
  return place.fileId === fileId && place.position.file === file && place.position.offset === offset
}

function target(): v.GenericSchema<unknown, RestoreTarget> {
  return parsed(v.looseObject({ kind: v.string() }), parseRestoreTarget, 'a restore target')
}

function backup(): v.GenericSchema<unknown, BackupImage> {
  return v.strictObject({
    method: text(),
    tool: v.strictObject({ program: text(), version: text() }),
    server: v.strictObject({
      flavor: v.picklist(['mysql', 'mariadb']),
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

function segment(): v.GenericSchema<unknown, PlannedSegment> {
  return v.strictObject({
    fileId: text(),
    file: binlogFile(),
    from: size(),
    to: size(),
    format: v.strictObject({ serverVersion: text(), checksum: v.picklist(['crc32', 'none']) }),
    blob: blob(),
  })
}

function transaction(): v.GenericSchema<unknown, PlannedTransaction> {
  return v.strictObject({ ...ref(), tables: v.optional(v.array(text())), statement: v.optional(text()) })
}

function skipped(): v.GenericSchema<unknown, Skipped> {
  const change = { database: text(), table: v.optional(text()), inserted: size(), updated: size(), deleted: size() }
  const one = v.strictObject({
    ...ref(),
    kind: v.picklist(TRANSACTION_KINDS),
    changes: v.array(v.strictObject(change)),
    rowEvents: size(),
    rows: size(),
    statement: v.optional(text()),
  })
  const later = { table: v.optional(text()), transactions: size(), first: v.array(v.strictObject(ref())) }
  return v.strictObject({
    transactions: v.pipe(v.array(one), v.minLength(1)),
    later: v.array(v.strictObject(later)),
    gtids: v.picklist(['missing', 'executed']),
  })
}

function names(): v.GenericSchema<unknown, string[]> {
  return v.pipe(v.array(text()), v.minLength(1))
}

function counts(): Record<keyof LogCounts, v.GenericSchema<unknown, number>> {
  return { transactions: size(), rowEvents: size(), rows: size() }
}
