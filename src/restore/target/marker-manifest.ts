import * as v from 'valibot'
import { accountSchema } from '../../backup/accounts/accounts-manifest.ts'
import { PitrError } from '../../errors.ts'
import type { AccountDefinition, IsolationState } from '../../server/flavor/flavor-dialect.ts'

/** By what a target was loaded and is replayed: all of it has to be the same for another run to go on. */
export interface LoadedBy {
  /** Name of the replayer. */
  readonly replayer: string
  /** Whether accounts were loaded. */
  readonly accounts: 'all' | 'none'
  /** Whose sessions load and replay: what is left of them can be found and ended. */
  readonly user: string
  /** Whether the server counts the GTIDs of the log as executed: a restart may change that. */
  readonly counts: boolean
  /** Whether each transaction of the log stays one. */
  readonly preserves: boolean
}

/** How a target was loaded. */
export interface Loaded extends LoadedBy {
  /** Whether the server keeps every commit, in its tables and in its log alike, also when it is killed. */
  readonly durable: boolean
  /** Whether it was restarted since. */
  readonly restarted: boolean
}

/** What a target was before it was restored: enough to begin anew, and to give it back. */
export interface MarkerState {
  /** GTIDs it had executed by itself. */
  readonly ownGtids: string
  /** Accounts and roles it had, with the hashes of their passwords; none any more once the restore was proved. */
  readonly ownAccounts: readonly AccountDefinition[]
  /** Global variables we set, with the values they had; undefined until it is about to be isolated. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** What isolating it changes; undefined until then. */
  readonly isolation?: IsolationState | undefined
  /** What decides how it keeps commits, with the values it had; undefined while it has them. */
  readonly durability?: Readonly<Record<string, string>> | undefined
  /** How it was loaded, and what replays on it; undefined until it is loaded. */
  readonly loaded?: Loaded | undefined
  /** The GTIDs it had executed when the restore was proved; undefined until then. */
  readonly provedGtids?: string | undefined
}

const TEXTS = v.record(v.string(), v.string())
const NAMES = v.array(v.string())
const STATE = v.object({
  version: v.literal(2),
  ownGtids: v.string(),
  ownAccounts: v.array(accountSchema()),
  settings: v.optional(TEXTS),
  isolation: v.optional(v.looseObject({ variables: TEXTS, persisted: NAMES })),
  durability: v.optional(TEXTS),
  loaded: v.optional(
    v.object({
      replayer: v.string(),
      accounts: v.picklist(['all', 'none']),
      user: v.string(),
      counts: v.boolean(),
      preserves: v.boolean(),
      durable: v.boolean(),
      restarted: v.boolean(),
    }),
  ),
  provedGtids: v.optional(v.string()),
})

/** Writes the state as JSON. */
export function serializeMarkerState(state: MarkerState): string {
  return JSON.stringify({ version: 2, ...state })
}

/** Reads it. Throws `CorruptManifest`: what is on a target may be anybody's. */
export function parseMarkerState(text: string): MarkerState {
  try {
    const { version: _version, ...state } = v.parse(STATE, JSON.parse(text))
    return state
  } catch (error) {
    throw unreadableMarker(error)
  }
}

/** A marker that is not one of ours, or of another version. */
export function unreadableMarker(cause: unknown): PitrError {
  return new PitrError('CorruptManifest', {
    subject: 'the restore marker of the target',
    message: 'the target carries a restore marker that this version cannot read',
    hint: 'Finish the restore with the version of mysql-pitr that began it, or use another empty server.',
    cause,
  })
}
