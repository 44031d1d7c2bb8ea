import type { Archive } from '../archive/archive.ts'
import { readTransactions } from '../archive/read-transactions.ts'
import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { Flavor } from '../coordinates/flavor.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'
import { PitrError } from '../errors.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import type { OperationOptions } from '../options.ts'

/** What the archived log says of a position. */
export interface DescribedPosition {
  /** Identity of the file it lies in. */
  readonly fileId: string
  /** The GTIDs executed up to it; undefined without GTIDs. */
  readonly gtidSet: GtidSet | undefined
}

/**
 * Finds the position a backup recorded in the archived log, which also proves that it is a transaction boundary, and
 * adds up the GTIDs before it. The log is the authority: a dump's own GTID set can be wrong
 * ([bug #84478](https://bugs.mysql.com/bug.php?id=84478)).
 */
export async function describePosition(
  archive: Archive,
  { flavor, segments }: Pick<TimelineFacts, 'flavor' | 'segments'>,
  position: BinlogPosition,
  options: OperationOptions,
): Promise<DescribedPosition> {
  const segment = segments.findLast(
    ({ file, from, to }) => file === position.file && from <= position.offset && position.offset <= to,
  )
  if (segment === undefined) throw notFound(position, 'it is not archived')
  if (segment.to === position.offset) return { fileId: segment.fileId, gtidSet: setOf(flavor, segment.gtidsAfter) }

  let gtidSet = setOf(flavor, segment.gtidsBefore)
  for await (const { start, end, gtid } of readTransactions(archive, segment, options)) {
    if (end > position.offset) {
      if (start < position.offset) throw notFound(position, `the transaction from ${start} to ${end} lies across it`)
      break
    }
    if (gtid !== undefined) gtidSet = gtidSet?.with(gtid)
  }
  return { fileId: segment.fileId, gtidSet }
}

function setOf(flavor: Flavor, text: string | undefined): GtidSet | undefined {
  return text === undefined ? undefined : parseGtidSet(flavor, text)
}

function notFound(position: BinlogPosition, why: string): PitrError {
  return new PitrError('DumpIncomplete', {
    subject: formatBinlogPosition(position),
    message: `the backup says it represents ${formatBinlogPosition(position)}, but ${why}`,
    hint: 'No image was made. Take the backup again; when it stays, report it with the versions of server and dump program.',
  })
}
