import type { BackupServer } from '../../image/backup-image.ts'
import { globalVariables } from '../../server/flavor/common.ts'
import { isOwnAccount } from '../../server/own-account.ts'
import { quoteString } from '../../server/quote.ts'
import type { Session } from '../../server/session.ts'
import type { HeldTarget } from './held-target.ts'
import { updateMarkerState } from './marker.ts'
import type { MarkerState } from './marker-manifest.ts'
import { setGlobal } from './set-global.ts'

/** No SQL. */
const CLOSED = 'mysql_pitr: this server is being restored'

/** Global variables a target has while it is restored. */
const SETTINGS: Readonly<Record<string, string>> = {
  // What the source took as one packet the target must take; the upper limit.
  max_allowed_packet: '1073741824',
  // The server ends the connection of every account that is not privileged. Accounts that come with the backup or
  // the log are kept out too. https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_init_connect
  init_connect: quoteString(CLOSED),
}

/** The settings of the source that a target adopts, as far as it has them. */
export async function adoptedSettings(
  { server, session }: Pick<HeldTarget, 'server' | 'session'>,
  source: BackupServer,
): Promise<{ readonly settings: Readonly<Record<string, string>>; readonly lacking: readonly string[] }> {
  const recorded = Object.entries(source.settings).filter(([name]) => server.dialect.adoptedSettings.includes(name))
  const own = await globalVariables(
    session,
    recorded.map(([name]) => name),
  )
  const [has, lacks] = [recorded.filter(([name]) => name in own), recorded.filter(([name]) => !(name in own))]
  return { settings: Object.fromEntries(has), lacking: lacks.map(([name, value]) => `${name}=${value}`) }
}

/**
 * Keeps everybody out and everything quiet, and adopts settings of the source. Whatever is about to change is recorded in
 * the marker before, to be put back: a kill at any moment loses nothing. Can be done again: a restart may have opened a
 * server that was isolated, and accounts may have come; the first state is the one to go back to.
 */
export async function isolateTarget(
  { server, session }: HeldTarget,
  state: MarkerState,
  source: BackupServer,
): Promise<MarkerState> {
  const now = await server.dialect.beforeIsolation(session)
  const adopted = (await adoptedSettings({ server, session }, source)).settings
  const names = [...Object.keys(SETTINGS), ...Object.keys(adopted)]
  const settings = state.settings ?? (await globalVariables(session, names))
  const recorded = { ...state, settings, isolation: state.isolation ?? now }
  await updateMarkerState(session, recorded)
  await server.dialect.isolate(session, now, (account) => isOwnAccount(server, account))
  for (const [name, value] of Object.entries(SETTINGS)) await session.query(`SET GLOBAL ${name} = ${value}`)
  for (const [name, value] of Object.entries(adopted)) await setGlobal(session, name, value)
  return recorded
}

/** Whether a server was isolated by us, and not restarted since: that takes away a setting. */
export async function isClosed(session: Session): Promise<boolean> {
  return (await session.value('SELECT @@GLOBAL.init_connect')) === CLOSED
}

/** Puts everything back. Can be done twice. */
export async function releaseIsolation({ server, session }: HeldTarget, state: MarkerState): Promise<void> {
  for (const [name, value] of Object.entries(state.settings ?? {})) {
    // The state was kept on the target: only what we set is put back.
    if (name in SETTINGS || server.dialect.adoptedSettings.includes(name)) await setGlobal(session, name, value)
  }
  if (state.isolation !== undefined) await server.dialect.release(session, state.isolation)
}
