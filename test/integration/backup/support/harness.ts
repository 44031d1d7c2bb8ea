import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'

import type { BackupTaken } from '../../../../src/backup/backup-method.ts'
import { mysqldump } from '../../../../src/backup/mysqldump.ts'
import type { MysqldumpOptions } from '../../../../src/backup/mysqldump.ts'
import { containerHost } from '../../../../src/host/container-host.ts'
import type { Host } from '../../../../src/host/host.ts'
import { localHost } from '../../../../src/host/local-host.ts'
import type { Logger } from '../../../../src/options.ts'
import { connectServer } from '../../../../src/server/connect-server.ts'
import type { Server } from '../../../../src/server/server.ts'
import { startServer } from '../../../support/servers/index.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { flavor } from '../../../support/flavor.ts'
import { PartStore } from './part-store.ts'

/** A server of the running flavour, as the library and as a test sees it. */
export interface Opened extends AsyncDisposable {
  readonly test: TestServer
  readonly server: Server
  readonly admin: Connection
}

/** Starts a server and connects to it. */
export async function open(options: readonly string[] = []): Promise<Opened> {
  const test = await startServer(flavor, { options })
  const admin = await createConnection({ ...test.connection, multipleStatements: true })
  return {
    test,
    admin,
    server: await connectTo(test),
    async [Symbol.asyncDispose]() {
      admin.destroy()
      await test[Symbol.asyncDispose]()
    },
  }
}

/** Another view of a running server: another account, other tools. */
export async function connectTo(
  test: TestServer,
  account: { readonly user?: string; readonly password?: string } = {},
  host: Host = toolsHost(test),
): Promise<Server> {
  return connectServer({
    connection: { ...test.connection, ...account },
    tools: { host, connection: { ...test.toolsConnection, ...account } },
  })
}

/** Where the server's client programs run; folders before theirs replace some. */
function toolsHost({ clientPrograms }: TestServer, before: readonly string[] = []): Host {
  return clientPrograms.kind === 'local'
    ? localHost({ path: [...before, ...clientPrograms.path] })
    : containerHost({ container: clientPrograms.container })
}

/** The dump program's name. */
export const DUMP_PROGRAM: string = flavor === 'mysql' ? 'mysqldump' : 'mariadb-dump'

/** A tools host whose dump program is this shell script; `"$REAL"` is the real one, whose version it has unless it says another. */
export async function withDumpScript(
  test: TestServer,
  script: string,
  use: (server: Server) => Promise<void>,
  { sayVersion = '"$REAL" --version', ...account }: { user?: string; password?: string; sayVersion?: string } = {},
): Promise<void> {
  const real = await toolsHost(test).findProgram([DUMP_PROGRAM])
  const folder = await mkdtemp(join(tmpdir(), 'dump-script-'))
  try {
    const version = `if [ "$1" = --version ]; then ${sayVersion}; exit; fi`
    await writeFile(join(folder, DUMP_PROGRAM), `#!/bin/sh\nREAL='${real}'\n${version}\n${script}\n`, { mode: 0o755 })
    await use(await connectTo(test, account, toolsHost(test, [folder])))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A backup and the store it lies in. */
export interface Taken {
  readonly taken: BackupTaken
  readonly store: PartStore
  readonly warnings: readonly string[]
}

/** Takes a backup into memory. */
export async function take(
  server: Server,
  options: MysqldumpOptions & { readonly signal?: AbortSignal } = {},
  store: PartStore = new PartStore(),
): Promise<Taken> {
  const warnings: string[] = []
  const logger: Logger = { debug: () => {}, info: () => {}, warn: (message) => warnings.push(message) }
  const taken = await mysqldump(options).take({ server, storePart: store.storePart, logger, signal: options.signal })
  return { taken, store, warnings }
}

/** Loads a backup out of memory. */
export async function load(
  server: Server,
  { taken, store }: Pick<Taken, 'taken' | 'store'>,
  accounts: 'all' | 'none' = 'none',
): Promise<void> {
  await mysqldump().load({ server, ...taken, readPart: store.readPart, accounts })
}
