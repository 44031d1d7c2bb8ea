const LINE_END = 0x0a
const HASH = 0x23
/** More than a comment of a binlog program needs to tell where an event ends. */
const COMMENT_BYTES = 160
/** Pipes and programs hold much less. */
const KEPT_EVENTS = 10_000

/** An event of a file. */
export interface EventPlace {
  readonly file: string | undefined
  /** Where it ends in its file, as its header says. */
  readonly eventEnd: number
}

/**
 * Where an event ends, as the binlog programs write it into the comment before what they print for it. MariaDB's row events
 * do not know it and say 0: the one before them, of the same transaction, does.
 */
export function eventEndIn(comment: string): number | undefined {
  const end = /\bend_log_pos ([1-9]\d*)/.exec(comment)?.[1]
  return end === undefined ? undefined : Number(end)
}

/**
 * Follows what a client is sent, so that the number of a line, which is all a client tells of a refused statement, leads to
 * the event it was printed for. For messages only: a logged statement may hold what looks like a comment.
 */
export class PrintedLines {
  #line = 1
  #start: Buffer = Buffer.alloc(0)
  #events: (EventPlace & { readonly line: number })[] = []

  /** Takes the next bytes, which were printed for this file. */
  add(bytes: Uint8Array, file: string | undefined): void {
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(LINE_END, at)
      const isComment = (this.#start[0] ?? bytes[at]) === HASH
      if (isComment && this.#start.length < COMMENT_BYTES) {
        const stop = Math.min(end < 0 ? bytes.length : end, at + COMMENT_BYTES)
        this.#start = Buffer.concat([this.#start, bytes.subarray(at, stop)])
      } else if (this.#start.length === 0 && end < 0) {
        // Not a comment: only that something stands there matters.
        this.#start = Buffer.from(' ')
      }
      if (end < 0) return
      this.#endLine(file)
      at = end + 1
    }
  }

  /** The event that the statement in this line was printed for. */
  eventAt(line: number): EventPlace | undefined {
    return this.#events.findLast((event) => event.line <= line)
  }

  #endLine(file: string | undefined): void {
    const eventEnd = this.#start[0] === HASH ? eventEndIn(this.#start.toString('latin1')) : undefined
    if (eventEnd !== undefined) {
      this.#events.push({ file, eventEnd, line: this.#line })
      if (this.#events.length > 2 * KEPT_EVENTS) this.#events = this.#events.slice(-KEPT_EVENTS)
    }
    this.#start = Buffer.alloc(0)
    this.#line += 1
  }
}
