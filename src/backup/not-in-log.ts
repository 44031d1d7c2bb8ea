import { isCode } from '../archive/is-code.ts'
import type { Archive } from '../archive/archive.ts'
import { readTransactions } from '../archive/read-transactions.ts'
import { compareBinlogPositions } from '../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import { SILENT_LOGGER } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import type { Server } from '../server/server.ts'

/** What a server says it has, part of which its log may not hold. */
export interface Claims {
  /** The GTIDs it counts as executed. */
  readonly executed: string
  /** Its prepared XA transactions, as the log names them. */
  readonly preparedXa: readonly string[]
}

/** Asks the server. What is logged of it is in front of every end of the log that is asked for later. */
export async function readClaims(server: Server, { logger = SILENT_LOGGER }: OperationOptions): Promise<Claims> {
  return server.withSession(async (session) => {
    const executed = await server.dialect.executedGtids(session)
    try {
      return { executed, preparedXa: await server.dialect.preparedXa(session) }
    } catch (error) {
      if (!isCode(error, 'MissingPrivilege')) throw error
      logger.warn(
        'XA transactions that were prepared before the binary log file of the backup are not in it; whether there are any is not known, as the account may not see them (XA RECOVER)',
      )
      return { executed, preparedXa: [] }
    }
  })
}

/**
 * What a restore of an image at `position` lacks of the server's state because it is in no dump and not in the log from the
 * start of the image's file on, each with its kind and name. The log must be archived through an end asked for behind `claims`.
 */
export async function findNotInLog(
  archive: Archive,
  facts: Pick<TimelineFacts, 'flavor' | 'segments'>,
  position: BinlogPosition,
  claims: Claims,
  options: OperationOptions,
): Promise<readonly string[]> {
  return [...declaredGtids(facts, claims), ...(await earlierXa(archive, facts, position, claims, options))]
}

// A file's Previous_gtids hold what was logged, not what gtid_purged was set to; nor does a Gtid_list hold gtid_slave_pos.
function declaredGtids({ flavor, segments }: Pick<TimelineFacts, 'flavor' | 'segments'>, { executed }: Claims) {
  const logged = segments.at(-1)?.gtidsAfter
  if (logged === undefined) return []
  const declared = parseGtidSet(flavor, executed).subtract(parseGtidSet(flavor, logged))
  return declared.isEmpty
    ? []
    : [`GTIDs the server counts as executed without having logged them ${declared.toString()}`]
}

/** The XA transactions that were prepared at `position` and not in its file: what the log holds of them is not replayed. */
async function earlierXa(
  archive: Archive,
  { segments }: Pick<TimelineFacts, 'segments'>,
  position: BinlogPosition,
  { preparedXa }: Claims,
  options: OperationOptions,
): Promise<readonly string[]> {
  if (preparedXa.length === 0) return []
  const inLog = new Set<string>()
  const earlier = new Set<string>()
  const start = { file: position.file, offset: 0 }
  for (const segment of segments) {
    if (compareBinlogPositions({ file: segment.file, offset: segment.from }, start) < 0) continue
    for await (const { end, xa } of readTransactions(archive, segment, options)) {
      if (xa === undefined) continue
      const isBehind = compareBinlogPositions({ file: segment.file, offset: end }, position) > 0
      if (xa.part === 'prepared') inLog.add(xa.xid)
      else if (xa.part === 'ended' && isBehind && !inLog.has(xa.xid)) earlier.add(xa.xid)
    }
  }
  for (const xid of preparedXa) if (!inLog.has(xid)) earlier.add(xid)
  return [...earlier].map((xid) => `XA transaction prepared before ${position.file} (XA RECOVER) ${xid}`)
}
