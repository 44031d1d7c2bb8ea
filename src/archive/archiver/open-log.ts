import { createHash } from 'node:crypto'

import { EventReader } from '../../binlog/event-reader.ts'
import { EventType } from '../../binlog/event-type.ts'
import { FileHeadBuilder } from '../../binlog/file-head.ts'
import type { FileHead } from '../../binlog/file-head.ts'
import { clearInUse } from '../../binlog/format-description.ts'
import { FIRST_EVENT_OFFSET } from '../../coordinates/binlog-position.ts'
import type { Segment } from '../../image/segment.ts'
import { readBinlogStream } from '../../server/replication/binlog-stream.ts'
import type { BinlogPacket } from '../../server/replication/binlog-stream.ts'
import type { Server } from '../../server/server.ts'
import { LogCursor } from './log-cursor.ts'
import { diverged } from './resume-point.ts'
import type { ResumePoint } from './resume-point.ts'

/** The bytes before the first event of every binlog file; they are not sent. */
export const MAGIC: Buffer = Buffer.from([0xfe, 0x62, 0x69, 0x6e])

/**
 * Opens the server's log where archiving goes on. When something of the file is archived already, the server must still
 * have it: the same first events and, byte for byte, the same last archived event. Throws `HistoryDiverged` otherwise.
 */
export async function openLog(
  server: Server,
  { file, after }: ResumePoint,
  signal: AbortSignal | undefined,
): Promise<LogCursor> {
  if (after === undefined) return open(server, file, FIRST_EVENT_OFFSET, signal)

  const { fileId } = await readHead(server, file, signal)
  if (fileId !== after.fileId) throw diverged(after, `has another file of that name (identity ${fileId})`)
  const log = open(server, file, after.lastEvent.offset, signal)
  try {
    await requireSameEvent(log, after)
    return log
  } catch (error) {
    await log[Symbol.asyncDispose]()
    throw error
  }
}

/** The first events of a file: enough to know which file it is. */
async function readHead(server: Server, file: string, signal: AbortSignal | undefined): Promise<FileHead> {
  const builder = new FileHeadBuilder(file)
  const reader = new EventReader({ file })
  reader.push(MAGIC)
  await using log = open(server, file, FIRST_EVENT_OFFSET, signal)
  while (await log.fill()) {
    const packet = log.current
    if (packet?.file !== file) break
    log.advance()
    for (const event of reader.push(normalized(packet))) if (builder.add(event) !== undefined) return builder.end()
  }
  return builder.end()
}

async function requireSameEvent(log: LogCursor, after: Segment): Promise<void> {
  const packet = (await log.fill()) ? log.current : undefined
  const bytes = packet?.file === after.file ? normalized(packet) : undefined
  const same =
    bytes !== undefined &&
    after.lastEvent.offset + bytes.length === after.to &&
    createHash('sha256').update(bytes).digest('hex') === after.lastEvent.sha256
  if (!same) throw diverged(after, `has another event at ${after.lastEvent.offset}`)
  log.advance()
}

function open(server: Server, file: string, offset: number, signal: AbortSignal | undefined): LogCursor {
  return new LogCursor(readBinlogStream(server, { from: { file, offset }, signal }))
}

/** The bytes of an event as they are archived: a format description without its in-use flag, which tells nothing about the file. */
export function normalized({ bytes }: BinlogPacket): Buffer {
  if (bytes[4] === EventType.FormatDescription) clearInUse(bytes)
  return bytes
}
