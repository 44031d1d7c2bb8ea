// node benchmarks/scan/scan-file.ts FILE: reads a binlog file as an archiver does (events with their checksums,
// transactions, the facts of a segment) and prints what it found and the memory it took, as JSON.
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { FileHeadBuilder } from '../../src/binlog/file-head.ts'
import { SegmentFactsBuilder } from '../../src/binlog/segment-facts.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'

/** What the archiver hands on at once. */
const CHUNK_BYTES = 1024 * 1024
const HEAD_BYTES = 64 * 1024

const path = process.argv[2] ?? ''
const name = basename(path)
await using file = await open(path)
const chunk = Buffer.alloc(CHUNK_BYTES)

const head = new FileHeadBuilder(name)
const { bytesRead: headBytes } = await file.read(chunk, 0, HEAD_BYTES, 0)
for (const event of new EventReader({ file: name }).push(chunk.subarray(0, headBytes))) head.add(event)
const { fileId, format, previousGtids } = head.end()

const began = performance.now()
const cpuBefore = process.cpuUsage()
const events = new EventReader({ file: name })
const transactions = new TransactionReader({ file: name, format })
const facts = new SegmentFactsBuilder({ file: name, fileId, flavor: format.flavor, gtidsBefore: previousGtids })
let eventCount = 0
for (let at = 0; ;) {
  const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at)
  if (bytesRead === 0) break
  at += bytesRead
  for (const event of events.push(chunk.subarray(0, bytesRead))) {
    eventCount++
    facts.add(event, transactions.push(event), transactions.atBoundary)
  }
}
events.end()
transactions.end()
const { counts } = facts.take() ?? {}
const cpu = process.cpuUsage(cpuBefore)

console.log(
  JSON.stringify({
    bytes: events.position,
    events: eventCount,
    ...counts,
    readerMs: performance.now() - began,
    readerCpuMs: (cpu.user + cpu.system) / 1000,
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
  }),
)
