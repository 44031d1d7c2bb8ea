import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { runAsNobody } from '../../support/child/child.ts'
import { create, expectNothingDone, open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { folderState } from './support/states.ts'

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
  return async () => await prepared[Symbol.asyncDispose]()
})

test('opening a path without archive: ArchiveNotFound, and no folder is made', async () => {
  const path = join(await prepared.scratch(), 'mistyped')
  await expectPitrError(async () => await open(path), { code: 'ArchiveNotFound', subject: path })
  await expect(access(path)).rejects.toThrow('ENOENT')
})

test('making an archive where there is one: ArchiveExists', async () => {
  const { folder } = prepared
  await expectNothingDone(prepared, async () => await create(folder), { code: 'ArchiveExists', subject: folder })
})

test('making an archive among other files: InvalidArgument names one of them', async () => {
  const folder = await prepared.scratch()
  await writeFile(join(folder, 'notes.txt'), 'mine')
  const before = await folderState(folder)
  await expectPitrError(async () => await create(folder), {
    code: 'InvalidArgument',
    subject: folder,
    message: 'notes.txt',
  })
  expect(await folderState(folder)).toEqual(before)
})

test('a path below a regular file: StorageFailed', async () => {
  const file = join(await prepared.scratch(), 'file')
  await writeFile(file, 'no folder')
  await expectPitrError(async () => await create(join(file, 'archive')), { code: 'StorageFailed', subject: file })
})

test('a folder that may not be written: StorageFailed, and nothing in it', async () => {
  const folder = join(await prepared.scratch(), 'closed')
  await mkdir(folder, { mode: 0o555 })
  const outcome = await runAsNobody('create', folder)
  expect(outcome).toMatchObject({ code: 'StorageFailed', subject: expect.stringContaining(folder) })
  expect(outcome.hint).toMatch(/right to read and write/)
  expect(await folderState(folder)).toEqual({})
})

test('a folder that may not be read: StorageFailed, and not "there is no archive"', async () => {
  const { folder } = await prepared.copy()
  const outcome = await runAsNobody('open', folder)
  expect(outcome).toMatchObject({ code: 'StorageFailed' })
})

test('archiving and planning before the first backup: NoImage', async () => {
  const folder = join(await prepared.scratch(), 'empty')
  const manager = await create(folder)
  const before = await folderState(folder)
  await using server = await connect(prepared.source)
  const wanted = { code: 'NoImage', subject: folder } as const
  await expectPitrError(async () => await manager.archive(server), wanted)
  await expectPitrError(async () => await manager.window(), wanted)
  await expectPitrError(async () => await manager.plan({ kind: 'latest' }), wanted)
  expect(await folderState(folder)).toEqual(before)
})

test('a signal that is aborted already: Aborted by every operation, and nothing done', async () => {
  const manager = await open(prepared.folder)
  const plan = await manager.plan({ kind: 'latest' })
  await using source = await connect(prepared.source)
  await using server = await connect(prepared.target)
  const signal = AbortSignal.abort()
  const operations = {
    backup: async () => await manager.backup(source, { method: mysqldump(), signal }),
    archive: async () => await manager.archive(source, { signal }),
    images: async () => await manager.images({ signal }),
    window: async () => await manager.window({ signal }),
    plan: async () => await manager.plan({ kind: 'latest' }, { signal }),
    restore: async () => await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', signal }),
  }
  for (const operation of Object.values(operations)) {
    await expectNothingDone(prepared, operation, { code: 'Aborted' })
  }
})
