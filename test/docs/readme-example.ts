import { connectServer, directoryStorage, mysqldump, RecoveryImageManager } from '../../src/index.ts'
import type { Instant, ServerOptions } from '../../src/index.ts'

/** What the README's example is run with. */
export interface ExampleSetting {
  readonly folder: string
  readonly db1: ServerOptions
  readonly db2: ServerOptions
  readonly noon: Instant
  /** Called where the example says "after the accident"; tells when it was. */
  readonly causeAccident: () => Promise<Instant>
  readonly print: (...values: readonly unknown[]) => void
}

/** The README's example; `readme.test.ts` holds the two equal, an integration test runs this one. */
export async function readmeExample({ folder, db1, db2, noon, causeAccident, print }: ExampleSetting): Promise<void> {
  let accident: Instant = ''
  // begin
  // Every night, and every few minutes
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  await using source = await connectServer(db1)
  await manager.backup(source, { method: mysqldump() })
  accident = await causeAccident()
  await manager.archive(source)

  // After the accident
  for await (const found of manager.transactions({ table: 'shop.orders', from: noon })) {
    print(String(found.commitTime), found.gtid, found.rows, found.statement)
  }
  const plan = await manager.plan({ kind: 'time', at: accident, exclusive: true })
  print(plan.toText())
  await using target = await connectServer(db2)
  const report = await manager.restore(plan, { into: { kind: 'server', server: target } })
  print(report.toText())
  // end
}
