import { createHash } from 'node:crypto'
import { PitrError } from '../errors.ts'
import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import { clearInUse, readFormatDescription } from './format-description.ts'
import type { FormatDescription } from './format-description.ts'
import { corruptBinlog } from './log-problem.ts'
import { readPreviousGtids } from './previous-gtids.ts'

/** What the first events of a binlog file say, and what identifies the file. */
export interface FileHead {
  /** What the format description says. */
  readonly format: FormatDescription
  /** The server that wrote the file. */
  readonly serverId: number
  /** The GTID set executed before the file: MySQL's Previous_gtids, MariaDB's Gtid_list; undefined without either. */
  readonly previousGtids: string | undefined
  /**
   * Identity of the file: a hash of its name and its first events, the same while it grows. Another one for a file of
   * the same name from another server, or after a reset. The name is needed, too: files that were rotated within
   * one second, with no transaction between, begin with the same bytes.
   */
  readonly fileId: string
  /** Bytes of the head, from the file's first byte. */
  readonly bytes: number
}

/** How many hex digits of SHA-256 identify a file. */
const FILE_ID_DIGITS = 32

/** Reads the head of a binlog file from its first events; undefined when they are too few to tell. */
export function readFileHead(file: string, events: Iterable<BinlogEvent>): FileHead | undefined {
  const builder = new FileHeadBuilder(file)
  for (const event of events) if (builder.add(event) !== undefined) break
  return builder.head
}

/**
 * Collects the head of a binlog file from its first events: the format description and, where there is one, the event
 * with the previous GTIDs, which servers write right behind it.
 *
 * @example
 * ```ts
 * const builder = new FileHeadBuilder('binlog.000042')
 * for (const event of reader.push(chunk)) if ((head = builder.add(event)) !== undefined) break
 * ```
 */
export class FileHeadBuilder {
  readonly #file: string
  readonly #hash = createHash('sha256')
  #format: FormatDescription | undefined
  #formatEnd = 0
  #serverId = 0
  #head: FileHead | undefined

  constructor(file: string) {
    this.#file = file
  }

  /** The head, once its events were added. */
  get head(): FileHead | undefined {
    return this.#head
  }

  /** Adds the file's next event; returns the head as soon as it is complete, and from then on. */
  add(event: BinlogEvent): FileHead | undefined {
    if (this.#head !== undefined) return this.#head
    if (this.#format === undefined) return this.#addFormat(event)
    return this.#complete(isPreviousGtids(event) ? event : undefined)
  }

  /** The file ends here: the head of one that holds nothing but a format description. Throws `TruncatedBinlog` without one. */
  end(): FileHead {
    if (this.#head !== undefined) return this.#head
    if (this.#format === undefined) {
      throw new PitrError('TruncatedBinlog', {
        subject: this.#file,
        message: `${this.#file} ends before its format description`,
        hint: 'Fetch the whole file from its server.',
        details: { file: this.#file, offset: 0 },
      })
    }
    return this.#complete(undefined)
  }

  #addFormat(event: BinlogEvent): undefined {
    if (event.type !== EventType.FormatDescription) {
      throw corruptBinlog(event, 'the file does not begin with a format description')
    }
    this.#format = readFormatDescription(event.bytes, event)
    this.#hash.update(`${this.#file}\0`)
    this.#formatEnd = event.end
    this.#serverId = event.serverId
    const bytes = Buffer.from(event.bytes)
    clearInUse(bytes)
    this.#hash.update(bytes)
  }

  #complete(previous: BinlogEvent | undefined): FileHead {
    if (previous !== undefined) this.#hash.update(previous.bytes)
    this.#head = {
      format: this.#format!,
      serverId: this.#serverId,
      previousGtids: previous === undefined ? undefined : readPreviousGtids(previous),
      fileId: this.#hash.digest('hex').slice(0, FILE_ID_DIGITS),
      bytes: previous?.end ?? this.#formatEnd,
    }
    return this.#head
  }
}

function isPreviousGtids({ type }: BinlogEvent): boolean {
  return type === EventType.PreviousGtids || type === EventType.GtidList
}
