import type { BackupPart } from '../../image/backup-image.ts'
import { throwIfAborted } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import type { BackupContext } from '../backup-method.ts'
import { formatAccounts } from './accounts-manifest.ts'

/** Name of the part that holds the accounts. */
export const ACCOUNTS_PART = 'accounts'

/** Stores accounts as a part of their own. */
export async function storeAccounts(
  context: BackupContext,
  accounts: readonly AccountDefinition[],
): Promise<BackupPart> {
  throwIfAborted(context.signal, 'the backup')
  const bytes = formatAccounts(accounts)
  const meter = new ProgressMeter('backup:accounts', ACCOUNTS_PART, context.onProgress, { totalBytes: bytes.length })
  const part = await context.storePart(ACCOUNTS_PART, once(bytes))
  meter.add(bytes.length)
  meter.finish()
  return part
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}
