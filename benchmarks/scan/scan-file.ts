// node benchmarks/scan/scan-file.ts FILE: reads a binlog file as an archiver does (events with their checksums,
// transactions, the facts of a segment) and prints what it found and the memory it took, as JSON.
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { FileHeadBuilder } from '../../src/binlog/file-head.ts'
import { SegmentFactsBuilder } from '../../src/binlog/segment-facts.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'

/** What the archiver hands on at once. */
const CHUNK_BYTES = 1024 * 1024
const HEAD_BYTES = 64 * 1024
/** A segment ends at the first boundary behind this much. */
const SEGMENT_BYTES = 64 * 1024 * 1024

const path = process.argv[2] ?? ''
const name = basename(path)
await using file = await open(path)

const head = new FileHeadBuilder(name)
const first = Buffer.alloc(HEAD_BYTES)
const { bytesRead: headBytes } = await file.read(first, 0, HEAD_BYTES, 0)
for (const event of new EventReader({ file: name }).push(first.subarray(0, headBytes))) head.add(event)
const { fileId, format, previousGtids } = head.end()

const began = performance.now()
const cpuBefore = process.cpuUsage()
const events = new EventReader({ file: name })
const transactions = new TransactionReader({ file: name, format })
const sums = { events: 0, segments: 0, blocks: 0, transactions: 0, rowEvents: 0, rows: 0 }
let from = 0
let facts = factsFrom(previousGtids)
for await (const chunk of chunksOf(file)) {
  for (const event of events.push(chunk)) {
    sums.events++
    facts.add(event, transactions.push(event), transactions.atBoundary)
    if (!transactions.atBoundary || event.end - from < SEGMENT_BYTES) continue
    from = event.end
    facts = factsFrom(endSegment())
  }
}
events.end()
transactions.end()
endSegment()
const cpu = process.cpuUsage(cpuBefore)

console.log(
  JSON.stringify({
    bytes: events.position,
    ...sums,
    readerMs: performance.now() - began,
    readerCpuMs: (cpu.user + cpu.system) / 1000,
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
  }),
)

function factsFrom(gtidsBefore: string | undefined): SegmentFactsBuilder {
  return new SegmentFactsBuilder({ file: name, fileId, flavor: format.flavor, gtidsBefore, from })
}

/** Takes the facts and the index of the segment that ends here; returns the GTIDs executed then. */
function endSegment(): string | undefined {
  const taken = facts.take()
  if (taken === undefined) return undefined
  sums.segments++
  sums.blocks += facts.takeBlocks().length
  sums.transactions += taken.counts.transactions
  sums.rowEvents += taken.counts.rowEvents
  sums.rows += taken.counts.rows
  return taken.gtidsAfter
}

/** Reads one chunk ahead, as what comes over a network does. */
async function* chunksOf(opened: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  const buffers = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)]
  const read = (i: number) => opened.read(buffers[i % 2]!, 0, CHUNK_BYTES, i * CHUNK_BYTES)
  let next = read(0)
  for (let i = 1; ; i++) {
    const { buffer, bytesRead } = await next
    if (bytesRead === 0) return
    next = read(i)
    yield buffer.subarray(0, bytesRead)
  }
}
