import { array, boolean, literal, object, parse, string } from 'valibot'
import type { GenericSchema } from 'valibot'

import { PitrError } from '../../errors.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'

/** One account. Statements and not a program's text: a restore decides account by account. */
export function accountSchema(): GenericSchema<unknown, AccountDefinition> {
  return object({ account: string(), create: string(), grants: array(string()), role: boolean(), locked: boolean() })
}

const AccountsManifest = object({
  format: literal('mysql-pitr accounts'),
  formatVersion: literal(0),
  accounts: array(accountSchema()),
})

/** Accounts as the bytes of their part. They hold hashes of passwords, as the server keeps them. */
export function formatAccounts(accounts: readonly AccountDefinition[]): Uint8Array {
  const manifest = {
    format: 'mysql-pitr accounts',
    formatVersion: 0,
    accounts: accounts.map(({ account, create, grants, role, locked }) => ({
      account,
      create,
      grants: [...grants],
      role,
      locked,
    })),
  }
  return Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`)
}

/** Reads what {@link formatAccounts} wrote. Throws `CorruptManifest`. */
export function parseAccounts(bytes: Uint8Array): readonly AccountDefinition[] {
  try {
    return parse(AccountsManifest, JSON.parse(Buffer.from(bytes).toString('utf8'))).accounts
  } catch {
    // Without its cause: a parser quotes what it could not read, and that may be the hash of a password.
    throw new PitrError('CorruptManifest', {
      subject: 'the accounts of the backup',
      message: 'the accounts of the backup are not in a form this version knows',
      hint: "Use the version of mysql-pitr that took the backup or a newer one, or restore with accounts: 'none'.",
    })
  }
}
