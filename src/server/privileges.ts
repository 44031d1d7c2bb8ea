import type { Session } from './session.ts'

/** The global privileges of an account. */
export interface HeldPrivileges {
  /** Whether any of these is held. */
  hasAnyOf(privileges: readonly string[]): boolean
}

const GLOBAL_GRANT = /^GRANT (?<privileges>.+) ON \*\.\* TO (?<rest>.*)$/is

/** Reads the privileges of the session's account, those of its active roles included. */
export async function readPrivileges(session: Session): Promise<HeldPrivileges> {
  const held = new Set<string>()
  for (const grant of await session.column('SHOW GRANTS')) {
    const { privileges = '', rest = '' } = GLOBAL_GRANT.exec(grant)?.groups ?? {}
    for (const privilege of privileges.split(',')) held.add(privilege.trim().toUpperCase())
    if (/ WITH .*GRANT OPTION/i.test(rest)) held.add('GRANT OPTION')
  }
  const all = held.has('ALL PRIVILEGES')
  return {
    hasAnyOf: (privileges) =>
      privileges.some((privilege) => held.has(privilege) || (all && privilege !== 'GRANT OPTION')),
  }
}
