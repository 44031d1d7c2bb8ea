import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { CommitTime } from '../../../src/index.ts'
import { prepareScene } from './support.ts'
import type { Scene } from './support.ts'

const SECOND = 1_000_000
/** How long the statements work, in seconds, before they commit. */
const WORK = 3

/** Changes a table of its own name. */
interface Case {
  /** What comes before the transaction that is measured. */
  readonly before?: readonly string[]
  readonly measured: readonly string[]
  /** Seconds that pass between the begin of what is measured and its commit, at least. */
  readonly seconds: number
}

const CASES: Readonly<Record<string, Case>> = {
  insert_select: {
    before: ['CREATE TABLE insert_select (x INT)'],
    measured: [`INSERT INTO insert_select SELECT SLEEP(${WORK})`],
    seconds: WORK,
  },
  open_long: {
    before: ['CREATE TABLE open_long (x INT)'],
    measured: ['BEGIN', 'INSERT INTO open_long VALUES (1)', `DO SLEEP(${WORK})`, 'COMMIT'],
    seconds: WORK,
  },
  create_select: { measured: [`CREATE TABLE create_select AS SELECT SLEEP(${WORK}) AS x`], seconds: WORK },
  // It waits for a reader, as it would copy a big table.
  copied: {
    before: ['CREATE TABLE copied (x INT)', 'INSERT INTO copied VALUES (1)'],
    measured: ['ALTER TABLE copied ADD COLUMN y INT, ALGORITHM=COPY'],
    seconds: WORK,
  },
  not_transactional: {
    before: ['CREATE TABLE not_transactional (x INT) ENGINE=MyISAM'],
    measured: [`INSERT INTO not_transactional SELECT SLEEP(${WORK})`],
    seconds: WORK,
  },
  false_past: {
    before: ['SET timestamp = 1000000000'],
    measured: ['CREATE TABLE false_past (x INT)'],
    seconds: 0,
  },
  false_future: {
    before: ['SET timestamp = 1900000000'],
    measured: ['CREATE TABLE false_future (x INT)'],
    seconds: 0,
  },
}

test('the commit time is when the work was done and logged, not when its statement began', async () => {
  await using scene = await prepareScene()
  const ran = await Promise.all(
    Object.entries(CASES).map(async ([table, each]) => ({ table, ...(await measure(scene, table, each)) })),
  )
  // The second of the last commit is over.
  await sleep(1000)
  await scene.manager.archive(scene.server)
  const commits = new Map<string, CommitTime>()
  for await (const { changes, commitTime } of scene.manager.transactions({ table: 'shop' })) {
    for (const { table = '' } of changes) commits.set(table, commitTime)
  }
  const compared = ran.map(({ table, earliest, latest }) => {
    const { epochMicroseconds: at, resolution } = commits.get(table)!
    const from = resolution === 'second' ? Math.floor(earliest / SECOND) * SECOND : earliest
    return { table, earliest, at, latest, holds: from <= at && at <= latest }
  })
  expect(compared.filter(({ holds }) => !holds)).toEqual([])
})

/** Between which microseconds the transaction committed. */
async function measure(
  scene: Scene,
  table: string,
  { before = [], measured, seconds }: Case,
): Promise<{ readonly earliest: number; readonly latest: number }> {
  const session = await scene.session()
  await session.query('USE shop')
  for (const statement of before) await session.query(statement)
  const reader = table === 'copied' ? await startReading(scene, table) : undefined
  const began = Date.now()
  const reading = reader?.()
  for (const statement of measured) await session.query(statement)
  const ended = Date.now()
  await reading
  return { earliest: (began + seconds * 1000) * 1000, latest: (ended + 1) * 1000 }
}

/** A transaction that has read a table and holds it; what is returned waits, then ends it. */
async function startReading(scene: Scene, table: string): Promise<() => Promise<void>> {
  const reader = await scene.session()
  await reader.query('BEGIN')
  await reader.query(`SELECT * FROM shop.${table}`)
  return async () => {
    await sleep(WORK * 1000 + 100)
    await reader.query('COMMIT')
  }
}
