import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../src/index.ts'
import { startServer } from '../support/servers/index.ts'
import type { Flavor, ServerConnection, TestServer } from '../support/servers/index.ts'
import { causeAccident } from './accident.ts'
import { connect } from './connect.ts'
import { deletedRows, findBiggestDelete } from './find-accident.ts'
import { count } from './narrator.ts'
import type { Narrator } from './narrator.ts'
import { tellPhases } from './progress.ts'
import { prove } from './prove.ts'
import { createRestoreAccount } from './restore-account.ts'
import { createShop } from './shop.ts'
import { readTableStates, toText } from './table-states.ts'
import { Writers } from './writers.ts'

/** Backs up, archives, loses data, finds the accident, restores the moment before it and proves it. Returns the proof. */
export async function quickstart(flavor: Flavor, narrator: Narrator, signal: AbortSignal): Promise<string> {
  const { detail } = narrator
  narrator.say(`mysql-pitr quickstart on ${flavor === 'mysql' ? 'MySQL' : 'MariaDB'}`)
  await using resources = new AsyncDisposableStack()

  const [source, target] = await narrator.step('Start two servers', async () => {
    const started = await startTwoServers(flavor, resources)
    signal.throwIfAborted()
    detail(`source  ${started[0].version}, port ${started[0].connection.port}`)
    detail(`target  ${started[1].version}, port ${started[1].connection.port}, empty`)
    return started
  })
  const administrator = await open(source.connection, resources)

  const { writers, app } = await narrator.step(
    'Make a shop on the source; four connections begin to order',
    async () => {
      const account = await createShop(administrator)
      const begun = resources.use(await Writers.start(source.connection, account))
      await begun.run(2000, signal)
      detail(`${count(begun.orders, 'order')} so far, and it goes on`)
      return { writers: begun, app: account }
    },
  )

  const manager = await narrator.step('Make an archive and take a backup, while orders come in', async () => {
    const created = await RecoveryImageManager.create({ storage: directoryStorage(await folder(resources)), signal })
    await using server = await connect(source)
    const image = await created.backup(server, { method: mysqldump() })
    detail(`recovery image ${image.id}, ${image.state}`)
    detail(`it is the state at ${image.position.file}:${image.position.offset}, ${String(image.startTime)}`)
    return resources.use(created)
  })

  await narrator.step('Write on, and archive the binary log', async () => {
    await writers.run(2000, signal)
    await archive(manager, source, detail)
  })

  const expected = await narrator.step('Note the state to get back', async () => {
    detail(`the writers stop after ${count(await writers.stop(), 'order')}`)
    const states = await readTableStates(administrator, 'shop')
    detail(toText(states))
    return states
  })

  await narrator.step('The accident', async () => causeAccident(administrator, detail))

  await narrator.step('Archive again: the log knows what happened', async () => {
    await archive(manager, source, detail)
    const { earliest, latest } = await manager.window()
    detail(`every moment from ${String(earliest)} to ${String(latest)} can be restored`)
  })

  const accident = await narrator.step('Find the accident: who deleted rows of shop.orders?', async () => {
    const found = await findBiggestDelete(manager, 'shop.orders')
    detail(`${String(found.commitTime)}  ${found.gtid}  ${count(deletedRows(found, 'shop.orders'), 'row')} deleted`)
    detail(found.statement ?? 'the log holds its rows, not its statement')
    return found
  })

  const plan = await narrator.step('Plan the moment just before it', async () => {
    const made = await manager.plan(accident.before)
    detail(made.toText())
    return made
  })

  const account = await narrator.step('Restore into the target', async () => {
    const restoring = await createRestoreAccount(await open(target.connection, resources))
    await using server = await connect(target, restoring)
    const report = await manager.restore(plan, { into: { kind: 'server', server }, onProgress: tellPhases(detail) })
    detail(report.toText())
    return restoring
  })

  return await narrator.step('Compare the target with the state noted in step 5', async () => {
    const restored = await open({ ...target.connection, ...account }, resources)
    // As the application, with the password it has on the source: accounts are restored too.
    await open({ ...target.connection, ...app }, resources)
    return prove(restored, expected, app)
  })
}

async function startTwoServers(
  flavor: Flavor,
  resources: AsyncDisposableStack,
): Promise<readonly [TestServer, TestServer]> {
  // One after the other: the first start may have to fetch the programs.
  const source = resources.use(await startServer(flavor))
  const target = resources.use(await startServer(flavor))
  return [source, target]
}

async function open(server: ServerConnection, resources: AsyncDisposableStack): Promise<Connection> {
  const { host, port, user, password } = server
  const connection = await createConnection({ host, port, user, password })
  // Ended without a farewell: the server may be gone by then.
  resources.defer(() => connection.destroy())
  return connection
}

async function folder(resources: AsyncDisposableStack): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mysql-pitr-quickstart-'))
  resources.defer(async () => rm(path, { recursive: true, force: true }))
  return path
}

async function archive(manager: RecoveryImageManager, source: TestServer, tell: (line: string) => void): Promise<void> {
  await using server = await connect(source)
  const { bytes, transactions, coveredUntil } = await manager.archive(server)
  tell(
    `${count(transactions, 'transaction')} in ${(bytes / 1e6).toFixed(1)} MB; complete until ${String(coveredUntil)}`,
  )
}
