// npm run bench -- plan [mysql|mariadb]: what a plan and a search cost in an archive of 10,000 segments. The log is a real
// server's, cut into one segment a transaction and archived as the archiver does; an archive pass over the same server then
// checks that the server goes on where they end, ships the rest and gathers the manifests.
import { execa } from 'execa'
import { createConnection } from 'mysql2/promise'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Archive } from '../src/archive/archive.ts'
import { EventReader } from '../src/binlog/event-reader.ts'
import { clearInUse } from '../src/binlog/format-description.ts'
import { TransactionReader } from '../src/binlog/transaction-reader.ts'
import { FIRST_EVENT_OFFSET } from '../src/coordinates/binlog-position.ts'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../src/index.ts'
import { archiveLog } from '../test/support/archive-log.ts'
import type { LogFile } from '../test/support/archive-log.ts'
import { connect } from '../test/support/connect.ts'
import { startServer, sysbenchProgram } from '../test/support/servers/index.ts'
import type { TestServer } from '../test/support/servers/index.ts'
import type { BenchResult } from './support/bench-result.ts'
import { buildProgram } from './support/build-program.ts'
import type { BuiltProgram } from './support/build-program.ts'

const SEGMENTS = 10_000
const RUNS = 5
/** The largest plan time and memory of a cold process. */
const GOAL_SECONDS = 1
const GOAL_MEBIBYTES = 200
/** The largest share of the log that its index takes. */
const GOAL_INDEX_PERCENT = 1

export async function bench(args: readonly string[]): Promise<BenchResult> {
  const flavor = args[0] === 'mariadb' ? 'mariadb' : 'mysql'
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-bench-plan-'))
  try {
    await using server = await startServer(flavor, { options: ['--sync-binlog=0', '--max-binlog-size=1G'] })
    const place = join(folder, 'archive')
    // The same log as the archiver cuts it: in few large segments.
    const usual = join(folder, 'usual')
    const middle = await makeArchives(server, place, usual)
    const indexPercent = await measureIndex(usual)
    const asker = await buildProgram(join(import.meta.dirname, 'plan', 'ask-archive.ts'), folder)

    const rows: (string | number)[][] = []
    const measure = async (what: string, question: string, archive = place) => {
      const { answer, seconds, mebibytes, mebibytesRead } = await askColdProcesses(asker, archive, question)
      rows.push([what, answer, seconds, mebibytes, mebibytesRead])
      return { seconds, mebibytes }
    }
    const latest = await measure('plan, latest', 'latest')
    const time = await measure('plan, a time in the middle', middle)
    await measure('the DROP of a table, by its name', 'accident')
    await measure('plan, a time in the middle of a large segment', middle, usual)
    await measure('the DROP of a table in a large segment', 'accident', usual)
    return {
      columns: ['question', 'answer', 'seconds', 'MiB', 'MiB read'],
      rows,
      goals: [
        goal(
          `plan over ${SEGMENTS.toLocaleString('en')} segments, seconds`,
          Math.max(latest.seconds, time.seconds),
          GOAL_SECONDS,
        ),
        goal(
          `plan over ${SEGMENTS.toLocaleString('en')} segments, MiB`,
          Math.max(latest.mebibytes, time.mebibytes),
          GOAL_MEBIBYTES,
        ),
        goal('index, % of the log', indexPercent, GOAL_INDEX_PERCENT),
      ],
      serverVersions: [server.version],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function goal(what: string, figure: number, bound: number): BenchResult['goals'][number] {
  return { what, figure, comparison: '<=', goal: bound }
}

/** Returns a time in the middle of the log. */
async function makeArchives(source: TestServer, place: string, usualPlace: string): Promise<string> {
  await using manager = await RecoveryImageManager.create({ storage: directoryStorage(place) })
  await using usual = await RecoveryImageManager.create({ storage: directoryStorage(usualPlace) })
  await using server = await connect(source)
  const admin = await createConnection({ ...source.connection })
  for (const each of [manager, usual]) await each.backup(server, { method: mysqldump() })
  await admin.query('CREATE DATABASE sbtest')
  await admin.query('FLUSH BINARY LOGS')
  await manager.archive(server)
  await sysbench(source, 'prepare')
  await sysbench(source, 'run', `--events=${SEGMENTS / 2}`)
  await admin.query('CREATE TABLE sbtest.accident (id INT)')
  await admin.query('DROP TABLE sbtest.accident')
  await sysbench(source, 'run', `--events=${SEGMENTS}`)
  admin.destroy()

  const archive = await Archive.open(directoryStorage(place))
  const { id } = await archive.timeline()
  const { segments } = await archive.readFacts(id)
  const archived = segments.at(-1)!
  const log = await readLog(source, archived.file)
  const pieces = await archiveLog(archive, id, firstTransactions(log, archived.to), {
    segmentBytes: 1,
    after: archived,
  })
  for (const each of [manager, usual]) await each.archive(server)
  return String(pieces.transactions[SEGMENTS >> 1]?.commitTime)
}

async function sysbench({ connection }: TestServer, command: string, ...more: string[]): Promise<void> {
  const { host, port, user, password } = connection
  await execa(await sysbenchProgram(), [
    'oltp_write_only',
    `--mysql-host=${host}`,
    `--mysql-port=${port}`,
    `--mysql-user=${user}`,
    `--mysql-password=${password}`,
    '--tables=8',
    '--table-size=2000',
    '--threads=4',
    '--time=0',
    ...more,
    command,
  ])
}

async function readLog(source: TestServer, file: string): Promise<LogFile> {
  if (source.dataDirectory === undefined) throw new Error('the files of this server are not on this machine')
  const bytes = await readFile(join(source.dataDirectory, file))
  clearInUse(bytes.subarray(FIRST_EVENT_OFFSET))
  return { file, bytes }
}

/** The file up to the end of the transaction that makes the number of segments whole. */
function firstTransactions({ file, bytes }: LogFile, from: number): LogFile {
  const reader = new TransactionReader({ file })
  let count = 0
  for (const event of new EventReader({ file }).push(bytes)) {
    const transaction = reader.push(event)
    if (transaction === undefined || transaction.start < from) continue
    if (++count === SEGMENTS) return { file, bytes: bytes.subarray(0, transaction.end) }
  }
  throw new Error(`the log holds only ${count} transactions`)
}

/** The share of a log that its index takes. */
async function measureIndex(place: string): Promise<number> {
  const archive = await Archive.open(directoryStorage(place))
  const { segments } = await archive.readFacts((await archive.timeline()).id)
  const sumOf = (bytesOf: (segment: (typeof segments)[number]) => number) =>
    segments.reduce((sum, segment) => sum + bytesOf(segment), 0)
  return (100 * sumOf(({ index }) => index?.bytes ?? 0)) / sumOf(({ blob }) => blob.content.bytes)
}

/** Asks in new processes; the median of their lives from start to end, and the largest memory. One more counts what it reads. */
async function askColdProcesses(
  { program, library }: BuiltProgram,
  place: string,
  question: string,
): Promise<{ readonly [name in 'seconds' | 'mebibytes' | 'mebibytesRead']: number } & { readonly answer: string }> {
  const ask = async (...more: string[]) => {
    const { stdout } = await execa(process.execPath, [program, library, place, question, ...more])
    return JSON.parse(stdout) as {
      readonly answer: string
      readonly bytesRead: number
      readonly maxRssKibibytes: number
    }
  }
  const lives: number[] = []
  let mebibytes = 0
  for (let run = 0; run < RUNS; run++) {
    const startedAt = performance.now()
    const { maxRssKibibytes } = await ask()
    lives.push((performance.now() - startedAt) / 1000)
    mebibytes = Math.max(mebibytes, maxRssKibibytes / 1024)
  }
  const { answer, bytesRead } = await ask('counting')
  return { seconds: lives.toSorted((a, b) => a - b)[RUNS >> 1]!, mebibytes, mebibytesRead: bytesRead / 2 ** 20, answer }
}
