// npm run bench -- plan [mysql|mariadb]: what a plan and a search cost in an archive of 10,000 segments. The log is a real
// server's, cut into one segment a transaction and archived as the archiver does; an archive pass over the same server then
// checks that the server goes on where they end, ships the rest and gathers the manifests.
import { execa } from 'execa'
import { createConnection } from 'mysql2/promise'
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
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
    const { log, middle } = await makeArchive(server, place)
    const indexPercent = await measureIndex(join(folder, 'whole'), log)
    const asker = await build(folder)

    const rows: (string | number)[][] = []
    const measure = async (what: string, question: string) => {
      const { seconds, mebibytes, answer } = await askColdProcesses(asker, place, question)
      rows.push([what, answer, seconds, mebibytes])
      return { seconds, mebibytes }
    }
    const latest = await measure('plan, latest', 'latest')
    const time = await measure('plan, a time in the middle', middle)
    await measure('the DROP of a table, by its name', 'accident')
    return {
      columns: ['question', 'answer', 'seconds', 'MiB'],
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

/** Returns the log that was cut, and a time in its middle. */
async function makeArchive(
  source: TestServer,
  place: string,
): Promise<{ readonly log: LogFile; readonly middle: string }> {
  await using manager = await RecoveryImageManager.create({ storage: directoryStorage(place) })
  await using server = await connect(source)
  const admin = await createConnection({ ...source.connection })
  await manager.backup(server, { method: mysqldump() })
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
  await manager.archive(server)
  return { log, middle: String(pieces.transactions[SEGMENTS >> 1]?.commitTime) }
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

/** The share of a log that its index takes when it is archived in segments of usual size. */
async function measureIndex(place: string, log: LogFile): Promise<number> {
  const archive = await Archive.create(directoryStorage(place))
  const { id } = await archive.createTimeline({ flavor: 'mysql', source: { serverId: 1, version: 'unknown' } })
  const { segments } = await archiveLog(archive, id, log, { segmentBytes: 64 * 1024 * 1024 })
  const indexBytes = segments.reduce((sum, { index }) => sum + (index?.bytes ?? 0), 0)
  return (100 * indexBytes) / log.bytes.length
}

/** The library as it is shipped, and the program that asks it, as JavaScript: compiling on the fly would be measured, too. */
async function build(folder: string): Promise<Asker> {
  const root = join(import.meta.dirname, '..')
  const programs = join(folder, 'package', 'dist')
  await execa('tsc', ['-p', 'tsconfig.build.json', '--outDir', programs], { cwd: root, preferLocal: true })
  await symlink(join(root, 'node_modules'), join(folder, 'package', 'node_modules'))
  await copyFile(join(root, 'package.json'), join(folder, 'package', 'package.json'))
  const program = join(folder, 'ask-archive.mjs')
  await writeFile(
    program,
    stripTypeScriptTypes(await readFile(join(import.meta.dirname, 'plan', 'ask-archive.ts'), 'utf8')),
  )
  return { program, library: join(programs, 'index.js') }
}

/** What one process runs, and the library it loads. */
interface Asker {
  readonly program: string
  readonly library: string
}

/** Asks in new processes; the median of their lives from start to end, and the largest memory. */
async function askColdProcesses(
  { program, library }: Asker,
  place: string,
  question: string,
): Promise<{ readonly seconds: number; readonly mebibytes: number; readonly answer: string }> {
  const lives: number[] = []
  let mebibytes = 0
  let answer = ''
  for (let run = 0; run < RUNS; run++) {
    const startedAt = performance.now()
    const { stdout } = await execa(process.execPath, [program, library, place, question])
    lives.push((performance.now() - startedAt) / 1000)
    const said = JSON.parse(stdout) as { readonly answer: string; readonly maxRssKibibytes: number }
    mebibytes = Math.max(mebibytes, said.maxRssKibibytes / 1024)
    answer = said.answer
  }
  return { seconds: lives.toSorted((a, b) => a - b)[RUNS >> 1]!, mebibytes, answer }
}
