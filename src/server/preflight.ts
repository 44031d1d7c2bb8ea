import { PitrError } from '../errors.ts'
import { SILENT_LOGGER } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import { globalVariables } from './flavor/common.ts'
import type { PrivilegeRule, Purpose } from './flavor/flavor-dialect.ts'
import { initConnectFindings } from './init-connect.ts'
import { logGapFindings } from './log-gaps.ts'
import type { PreflightFinding } from './preflight-finding.ts'
import { readPrivileges } from './privileges.ts'
import type { Server } from './server.ts'
import type { Session } from './session.ts'

/** What stands in the way of an operation on a server, or puts recovery at risk. */
export interface PreflightReport {
  /** The operation it was asked for. */
  readonly purpose: Purpose
  /** Errors first. */
  readonly findings: readonly PreflightFinding[]
  /** True when there is no error among them. */
  readonly ok: boolean
}

/**
 * Looks at a server's settings and the account's privileges; changes nothing.
 *
 * @example
 * ```ts
 * const report = await preflight(server, 'backup')
 * for (const { severity, message, hint } of report.findings) console.log(severity, message, hint)
 * ```
 */
export async function preflight(server: Server, purpose: Purpose): Promise<PreflightReport> {
  const findings = await server.withSession(async (session) => [
    ...(purpose === 'restore' ? [] : await settingFindings(server, session, purpose)),
    ...(await privilegeFindings(server, session, purpose)),
    ...(purpose === 'backup'
      ? [...(await initConnectFindings(server, session)), ...(await tableFindings(server, session))]
      : []),
  ])
  findings.sort((a, b) => a.severity.localeCompare(b.severity))
  return { purpose, findings, ok: findings.every(({ severity }) => severity !== 'error') }
}

/** Runs a preflight, logs its warnings and throws its first error. */
export async function requirePreflight(
  server: Server,
  purpose: Purpose,
  { logger = SILENT_LOGGER }: Pick<OperationOptions, 'logger'> = {},
): Promise<PreflightReport> {
  const report = await preflight(server, purpose)
  for (const { severity, subject, message } of report.findings) {
    if (severity === 'warning') logger.warn(`${subject}: ${message}`)
  }
  const [first] = report.findings
  if (first === undefined || report.ok) return report
  throw new PitrError(first.code, { ...first, details: { findings: report.findings } })
}

async function settingFindings(
  { dialect }: Server,
  session: Session,
  purpose: Purpose,
): Promise<readonly PreflightFinding[]> {
  const rules = dialect.settings.filter(({ purposes }) => purposes?.includes(purpose) ?? true)
  const values = await globalVariables(
    session,
    rules.map(({ variable }) => variable),
  )
  const settings = rules.flatMap(({ variable, fine, severity, code, why, hint }) => {
    const value = values[variable]
    return value === undefined || fine(value)
      ? []
      : [{ severity, code, subject: `${variable}=${value}`, message: `${variable} is ${value}: ${why}`, hint }]
  })
  return [...settings, ...(await logGapFindings(dialect, session))]
}

async function privilegeFindings(
  { dialect, account }: Server,
  session: Session,
  purpose: Purpose,
): Promise<readonly PreflightFinding[]> {
  const held = await readPrivileges(session)
  return dialect.privileges[purpose]
    .filter(({ anyOf }) => !held.hasAnyOf(anyOf))
    .map((rule) => privilegeFinding(rule, account))
}

function privilegeFinding({ anyOf, why, severity }: PrivilegeRule, account: string): PreflightFinding {
  const wanted = anyOf.join(' or ')
  return {
    severity,
    code: 'MissingPrivilege',
    subject: `${wanted} for ${account}`,
    message: `${account} lacks the global privilege ${wanted}: ${why}`,
    hint: `GRANT ${anyOf[0] ?? ''} ON *.* TO this account.`,
  }
}

async function tableFindings({ dialect }: Server, session: Session): Promise<readonly PreflightFinding[]> {
  const tables = await dialect.nonTransactionalTables(session, await dialect.databases(session))
  if (tables.length === 0) return []
  return [
    {
      severity: 'warning',
      code: 'NonTransactionalTable',
      subject: tables.slice(0, 10).join(', '),
      message: `${tables.length} table(s) have a storage engine without transactions: their changes cannot be rolled back, and a backup must lock them`,
      hint: 'Convert them to InnoDB, or take backups with a lock.',
    },
  ]
}
