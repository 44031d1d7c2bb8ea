import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import type { LoadContext } from '../backup-method.ts'
import { parseAccounts } from './accounts-manifest.ts'
import { ACCOUNTS_PART } from './store-accounts.ts'

/** The accounts a backup holds; empty when it holds none. Throws `CorruptManifest` and what `readPart` throws. */
export async function readAccounts({
  backup,
  readPart,
}: Pick<LoadContext, 'backup' | 'readPart'>): Promise<readonly AccountDefinition[]> {
  const part = backup.parts.find(({ name }) => name === ACCOUNTS_PART)
  if (part === undefined) return []
  const chunks: Uint8Array[] = []
  for await (const chunk of readPart(part)) chunks.push(chunk)
  return parseAccounts(Buffer.concat(chunks))
}
