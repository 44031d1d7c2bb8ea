import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { endOf, startChild } from '../../support/child/child.ts'
import { connect } from '../../support/connect.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { closeGate } from '../restore/support/gate.ts'
import { prepare } from '../restore/support/prepared.ts'
import { checksums } from '../restore/support/query.ts'

test.skipIf(process.env['MYSQL_PITR_TEST_PROVIDER'] === 'docker')(
  'a client program of a killed restore that connects only while the next one works does nothing',
  async () => {
    await using prepared = await prepare()
    await using target = await startServer(flavor)
    await using late = await lateClient(target)
    const killed = startChild('restore', prepared.folder, { server: late.target, plan: prepared.plan })
    await late.started()
    // What is sent first is in its pipe.
    await sleep(500)
    killed.kill('SIGKILL')
    expect(await endOf(killed)).toBeUndefined()

    await using server = await connect(target)
    // Not earlier: a restore that begins again ends all sessions of its account.
    const loading = Promise.withResolvers<void>()
    const report = prepared.manager.restore(prepared.plan, {
      into: { kind: 'server', server },
      accounts: 'none',
      onProgress: ({ kind }) => (kind === 'restore:load' ? loading.resolve() : undefined),
    })
    await loading.promise
    await using gate = await closeGate(target)
    // The backup is loaded, and a part of the log is replayed.
    await gate.reached()
    await late.letGo()
    await gate.open()
    expect(await report).toMatchObject({ ...prepared.plan.replayed })
    expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
  },
)

interface LateClient extends AsyncDisposable {
  /** The same server, with a client program that waits before it does anything. */
  readonly target: TestServer
  /** Resolves when the program runs. */
  started(): Promise<void>
  /** Lets it go on, and waits for its end; not long, because it may have to wait for the replay itself. */
  letGo(): Promise<void>
}

async function lateClient(target: TestServer): Promise<LateClient> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-late-'))
  const [started, go, ended] = ['started', 'go', 'ended'].map((name) => join(folder, name)) as [string, string, string]
  const path = target.clientPrograms.kind === 'local' ? target.clientPrograms.path : []
  const programs = join(folder, 'bin')
  await mkdir(programs)
  for (const name of ['mysql', 'mariadb']) {
    const program = await firstIn(path, name)
    if (program === undefined) continue
    const script = `#!/bin/sh
case "$*" in *--version*) exec '${program}' "$@";; esac
touch '${started}'
while [ ! -e '${go}' ]; do sleep 0.05; done
'${program}' "$@" >/dev/null 2>&1
touch '${ended}'
`
    await writeFile(join(programs, name), script)
    await chmod(join(programs, name), 0o755)
  }
  return {
    target: { ...target, clientPrograms: { kind: 'local', path: [programs, ...path] } },
    started: async () => await expect.poll(() => isThere(started)).toBe(true),
    async letGo() {
      await writeFile(go, '')
      const deadline = performance.now() + 5_000
      while (!(await isThere(ended)) && performance.now() < deadline) await sleep(50)
    },
    async [Symbol.asyncDispose]() {
      await writeFile(go, '')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function firstIn(path: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of path) if (await isThere(join(folder, name))) return join(folder, name)
  return undefined
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
