import { PitrError } from '../../errors.ts'
import type { BackupPart } from '../../image/backup-image.ts'
import { throwIfAborted } from '../../options.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { checkAccountCollision, requireNoCollision } from '../accounts/account-collision.ts'
import { createAccounts, differingAccounts, grantAccounts } from '../accounts/load-accounts.ts'
import { readAccounts } from '../accounts/read-accounts.ts'
import type { LoadContext } from '../backup-method.ts'
import { loadData } from './load-data.ts'
import { recomputeColumns } from './recompute-columns.ts'
import { DATA_PART } from './store-dump.ts'

/** Whether a logical backup can be loaded: its parts, the program, the accounts against those of the target. Reads only. */
export async function checkLoadDump(context: LoadContext): Promise<void> {
  dataPart(context)
  await clientProgram(context.server, 'client')
  await checkAccountCollision(context)
}

/** Loads a logical backup: accounts, the data, what the accounts may do. */
export async function loadDump(context: LoadContext): Promise<void> {
  throwIfAborted(context.signal, 'the restore')
  const part = dataPart(context)

  // Everything is read and compared before anything is written.
  const wanted = context.accounts === 'none' ? [] : await readAccounts(context)
  requireNoCollision(context.server, wanted)
  const missing = await differingAccounts(context, wanted)

  // Accounts first: views, routines and triggers of the data name them as their definers.
  await createAccounts(context, missing)
  await loadData(context, part)
  await recomputeColumns(context)
  await grantAccounts(context, missing)
}

function dataPart({ backup }: LoadContext): BackupPart {
  const part = backup.parts.find(({ name }) => name === DATA_PART)
  if (part !== undefined) return part
  throw new PitrError('CorruptManifest', {
    subject: `a backup by ${backup.method}`,
    message: `the backup has no part "${DATA_PART}"`,
    hint: 'The image is damaged or was taken by another method; choose another image.',
  })
}
