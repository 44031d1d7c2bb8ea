import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RecoveryImageManager } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { cutShort, flipBit, remove } from '../../support/damage.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { expectNothingDone, open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
  return async () => await prepared[Symbol.asyncDispose]()
})

// Which object, what happens to it, and the code that must tell.
const DAMAGES = [
  ['a truncated segment', /binlogs\/.*\.zst$/, cutShort, 'ChecksumMismatch'],
  ['a flipped bit in a segment', /binlogs\/.*\.zst$/, flipBit, 'ChecksumMismatch'],
  ['a removed segment', /binlogs\/.*\.zst$/, remove, 'ObjectMissing'],
  ["a flipped bit in a segment's manifest", /binlogs\/.*\.json$/, flipBit, 'CorruptManifest'],
  ["a flipped bit in an image's manifest", /image\.json$/, flipBit, 'CorruptManifest'],
  ["a flipped bit in a timeline's manifest", /^timelines\/.*\.json$/, flipBit, 'CorruptManifest'],
  ["an image's manifest cut short", /image\.json$/, cutShort, 'CorruptManifest'],
  ['a removed part of the backup', /images\/.*\.zst$/, remove, 'ObjectMissing'],
  ['a truncated part of the backup', /images\/.*\.zst$/, cutShort, 'ChecksumMismatch'],
] as const

describe('a damaged archive: the error names the object, and the target is not touched', () => {
  test.each(DAMAGES)('%s', async (_, pattern, damage, code) => {
    const { folder, manager } = await prepared.copy()
    const key = await damageOne(folder, pattern, damage)
    await expectNothingDone({ ...prepared, folder }, async () => await planAndRestore(manager), { code, subject: key })
  })

  test('a flipped bit in the manifest of the archive itself: it is not opened', async () => {
    const { folder } = await prepared.copy()
    await flipBit(join(folder, 'archive.json'))
    await expectNothingDone({ ...prepared, folder }, async () => await open(folder), {
      code: 'CorruptManifest',
      subject: 'archive.json',
    })
  })

  test('a removed manifest of a segment: the missing range is named, and "latest" is not what is left', async () => {
    const { folder, manager } = await prepared.copy()
    const first = (await manager.images()).open?.binlogs[0]
    await damageOne(folder, /binlogs\/.*\.json$/, remove)
    await expectNothingDone({ ...prepared, folder }, async () => await planAndRestore(manager), {
      code: 'BrokenChain',
      subject: first?.file ?? '',
    })
  })
})

test('a damage that shows only while the backup streams: the target stays marked and isolated, and a repaired archive goes on', async () => {
  const { folder, manager } = await prepared.copy()
  const key = await damageOne(folder, /images\/.*dump.*\.zst$|images\/.*data.*\.zst$/, flipBit)
  await using target = await startServer(prepared.target.flavor)
  await using server = await connect(target)
  const plan = await manager.plan({ kind: 'latest' })
  const restore = async () => await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })

  await expectPitrError(restore, {
    code: 'ChecksumMismatch',
    subject: key,
    secrets: [target.connection.password, prepared.source.connection.password],
  })
  expect(await rowsOf(target, 'SELECT @@GLOBAL.read_only AS readOnly')).toEqual([{ readOnly: 1 }])
  const other = await manager.plan({ kind: 'position', at: plan.start.position })
  await expectPitrError(
    async () => await manager.restore(other, { into: { kind: 'server', server }, accounts: 'none' }),
    {
      code: 'TargetNotEmpty',
    },
  )

  await cp(join(prepared.folder, key), join(folder, key))
  await restore()
  expect(await rowsOf(target, 'SELECT COUNT(*) AS count, @@GLOBAL.read_only AS readOnly FROM shop.orders')).toEqual([
    { count: 40, readOnly: 0 },
  ])
})

// Each over a connection of its own: the restore ends those of others.
async function rowsOf({ connection }: TestServer, sql: string): Promise<unknown> {
  const client = await createConnection({ ...connection })
  const [rows] = await client.query<RowDataPacket[]>(sql)
  await client.end()
  return rows
}

async function planAndRestore(manager: RecoveryImageManager): Promise<unknown> {
  const plan = await manager.plan({ kind: 'latest' })
  await using server = await connect(prepared.target)
  return await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
}

/** Damages the first object whose key matches; returns the key. */
async function damageOne(folder: string, pattern: RegExp, damage: (file: string) => Promise<void>): Promise<string> {
  const keys = await readdir(folder, { recursive: true })
  const key = keys.toSorted().find((name) => pattern.test(name))
  if (key === undefined) throw new Error(`no object matches ${pattern}: ${keys.join(', ')}`)
  await damage(join(folder, key))
  return key
}
