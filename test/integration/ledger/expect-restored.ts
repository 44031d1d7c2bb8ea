import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { expect } from 'vitest'
import { RestorePlan } from '../../../src/index.ts'
import type { PlanOptions, ReplayerName, TransactionRef } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { expectedPrefix, positionCompare } from '../../support/oracle/index.ts'
import type { LoggedTransaction } from '../../support/oracle/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { contentDifferences, DATABASE, readContent } from '../../support/workload/index.ts'
import type { Case } from './cases.ts'
import type { Scenario } from './scenario.ts'
import type { Targets } from './targets.ts'

/** Plans and restores a target into an empty server, and compares plan, report and every row with what the log demands. */
export async function expectRestored(
  scenario: Scenario,
  { target, wanted }: Case,
  targets: Targets,
  replayer: ReplayerName,
): Promise<void> {
  const { first, last } = expectedPrefix(scenario.order, wanted)
  if (first === last) {
    await expectPrefix(scenario, await scenario.manager.plan(target), first, { targets, replayer })
    return
  }
  // Commit times go back there: the caller must choose.
  await expectPitrError(scenario.manager.plan(target), { code: 'AmbiguousTime' })
  const choice: PlanOptions['ambiguous'] = scenario.order.length % 2 === 0 ? 'first' : 'last'
  const plan = await scenario.manager.plan(target, { ambiguous: choice })
  await expectPrefix(scenario, plan, choice === 'first' ? first : last, { targets, replayer })
}

async function expectPrefix(
  scenario: Scenario,
  plan: RestorePlan,
  count: number,
  { targets, replayer }: { readonly targets: Targets; readonly replayer: ReplayerName },
): Promise<void> {
  expectPlan(scenario, plan, count)
  // The way of a plan that a person approved.
  const approved = RestorePlan.fromJSON(JSON.parse(JSON.stringify(plan)))
  await targets.use(async (target) => {
    await using server = await connect(target)
    // Source and target have the same administrator, whom the restore must not replace.
    const into = { kind: 'server', server } as const
    const report = await scenario.manager.restore(approved, { into, accounts: 'none', replayer })

    const { replayed } = logBetween(scenario, plan, count)
    expect(report).toMatchObject(countsOf(replayed))
    expectSame(report.lastApplied, scenario.order[count - 1])
    expectSame(report.firstLeftOut, scenario.order[count])
    await expectServer(target, scenario, count)
    const expected = scenario.ledger.contentAfter(scenario.order, count)
    expect(contentDifferences(expected, await readContent(target.connection, DATABASE))).toEqual([])
  })
}

function expectPlan(scenario: Scenario, plan: RestorePlan, count: number): void {
  const { order, images } = scenario
  expectSame(plan.lastIncluded, order[count - 1])
  expectSame(plan.firstExcluded, order[count])
  expect(plan.resolution).toBe(scenario.source.flavor === 'mysql' ? 'microsecond' : 'second')
  // The newest image that does not hold more than is wanted.
  const image = images.findLast(({ position }) => heldBy(order, position) <= count)
  expect(plan.image.id).toBe(image?.id)
  const { replayed, from } = logBetween(scenario, plan, count)
  expect(plan.counts).toEqual(countsOf(replayed))
  expect(count - from).toBe(replayed.length)
}

function logBetween(
  { order }: Scenario,
  plan: RestorePlan,
  count: number,
): { from: number; replayed: readonly LoggedTransaction[] } {
  const from = heldBy(order, plan.start.position)
  return { from, replayed: order.slice(from, count) }
}

function heldBy(
  order: readonly LoggedTransaction[],
  position: { readonly file: string; readonly offset: number },
): number {
  return order.filter(({ file, end }) => positionCompare({ file, offset: end }, position) <= 0).length
}

function countsOf(replayed: readonly LoggedTransaction[]): RestorePlan['counts'] {
  return {
    transactions: replayed.length,
    rowEvents: replayed.reduce((sum, { rowEvents }) => sum + rowEvents, 0),
    rows: replayed.reduce((sum, { rows }) => sum + rows, 0),
  }
}

function expectSame(found: TransactionRef | undefined, logged: LoggedTransaction | undefined): void {
  const facts = found && {
    start: found.start,
    end: found.end,
    gtid: found.gtid,
    commitMicroseconds: found.commitTime.epochMicroseconds,
  }
  const wanted = logged && {
    start: { file: logged.file, offset: logged.start },
    end: { file: logged.file, offset: logged.end },
    gtid: logged.gtid,
    commitMicroseconds: logged.commitMicroseconds,
  }
  expect(facts).toEqual(wanted)
}

// Open to everybody, with nothing beside what was restored.
async function expectServer(target: TestServer, { order, ledger }: Scenario, count: number): Promise<void> {
  const client = await createConnection({ ...target.connection })
  try {
    const [databases] = await client.query<RowDataPacket[]>(
      `SELECT SCHEMA_NAME AS name, @@GLOBAL.read_only AS readOnly FROM information_schema.SCHEMATA
       WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')`,
    )
    expect(databases).toEqual([{ name: DATABASE, readOnly: 0 }])
    const [prepared] = await client.query<RowDataPacket[]>('XA RECOVER')
    expect(new Set(prepared.map(({ data }) => Number(data)))).toEqual(ledger.preparedAfter(order, count))
    if (target.flavor === 'mysql') await expectGtids(client, order.slice(0, count))
  } finally {
    await client.end()
  }
}

// Compared by the server itself. MariaDB keeps no set: what the report says of its end stands alone.
async function expectGtids(client: Connection, included: readonly LoggedTransaction[]): Promise<void> {
  const wanted = included.map(({ gtid }) => gtid).join()
  const [rows] = await client.query<RowDataPacket[]>(
    'SELECT GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) AS missing, GTID_SUBTRACT(@@GLOBAL.gtid_executed, ?) AS added',
    [wanted, wanted],
  )
  expect(rows).toEqual([{ missing: '', added: '' }])
}
