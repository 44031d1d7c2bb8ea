import { PitrError } from '../../errors.ts'
import { SILENT_LOGGER, throwIfAborted } from '../../options.ts'
import { clientProgram } from '../../server/client-programs.ts'
import type { Server } from '../../server/server.ts'
import { leaveOutDangling } from '../accounts/leave-out-dangling.ts'
import type { LoadableAccounts } from '../accounts/leave-out-dangling.ts'
import { storeAccounts } from '../accounts/store-accounts.ts'
import type { BackupContext, BackupTaken } from '../backup-method.ts'
import { describeNeeds, describeServer } from '../describe-server.ts'
import { readDumpScope } from './dump-scope.ts'
import type { DumpScopeOptions } from './dump-scope.ts'
import { programName } from './program-name.ts'
import { storeDump } from './store-dump.ts'

/** What {@link takeDump} needs beside its context. */
export interface TakeDumpOptions extends DumpScopeOptions {
  /** Name of the method. */
  readonly method: string
}

/** Takes a logical backup: scope, dump, accounts. Nothing stays behind on the server. */
export async function takeDump(context: BackupContext, options: TakeDumpOptions): Promise<BackupTaken> {
  const { server, signal, logger = SILENT_LOGGER } = context
  throwIfAborted(signal, 'the backup')

  const program = await clientProgram(server, 'dump')
  const databases = await readDumpScope(server, options)
  const { accounts, leftOut } = await loadableAccounts(server, databases)
  const source = await describeServer(server)
  const unknownToDumps = await server.withSession(async (session) => server.dialect.notInDump(session))
  const notIncluded = [...unknownToDumps, ...leftOut]
  for (const item of notIncluded) logger.warn(`not in the backup: ${item}`)
  const needs = await describeNeeds(server, databases)

  // Read again when the position is known: what is the same before and after it was so at it.
  const verify = async (): Promise<void> => {
    requireSame('databases', databases, await readDumpScope(server, options))
    const again = (await loadableAccounts(server, databases)).accounts
    requireSame('accounts', accounts.map(asJson), again.map(asJson))
    requireSame('settings', [asJson(source)], [asJson(await describeServer(server))])
    requireSame('definitions', [asJson(needs)], [asJson(await describeNeeds(server, databases))])
  }
  const { part, position, startTime, ddlEnd } = await storeDump(context, {
    program,
    databases,
    consistency: options.consistency,
    verify,
  })
  const accountsPart = await storeAccounts(context, accounts)

  const parts = [accountsPart, part]
  return {
    backup: {
      method: options.method,
      tool: { program: programName(program), version: program.version },
      server: source,
      scope: options.databases === undefined ? 'all' : { databases },
      needs,
      notIncluded,
      parts,
      bytes: parts.reduce((sum, { blob }) => sum + blob.content.bytes, 0),
    },
    position,
    startTime,
    // Under the lock of all tables there is no DDL.
    ddlSensitive: options.consistency === 'lock' ? undefined : { databases, end: ddlEnd },
  }
}

async function loadableAccounts(server: Server, databases: readonly string[]): Promise<LoadableAccounts> {
  return server.withSession(async (session) =>
    leaveOutDangling(server, session, await server.dialect.accounts(session), databases),
  )
}

function asJson(value: object): string {
  return JSON.stringify(value)
}

function requireSame(
  what: 'databases' | 'accounts' | 'settings' | 'definitions',
  before: readonly string[],
  after: readonly string[],
): void {
  if (before.length === after.length && before.every((item, i) => item === after[i])) return
  throw new PitrError('DdlDuringBackup', {
    subject: what,
    message: `the ${what} of the server changed while the backup began`,
    hint: 'Take the backup again.',
  })
}
