import { PitrError } from '../errors.ts'
import { globalVariables } from './flavor/common.ts'
import type { FlavorDialect } from './flavor/flavor-dialect.ts'
import type { PreflightFinding } from './preflight-finding.ts'
import type { Session } from './session.ts'

/** What the server changes without a trace in its binary log: filtered databases, and what it applies for another server. */
export async function logGapFindings(dialect: FlavorDialect, session: Session): Promise<readonly PreflightFinding[]> {
  try {
    return [...(await filterFindings(dialect, session)), ...(await unloggedReplication(dialect, session))]
  } catch (error) {
    // Who may not ask gets a finding for that.
    if (error instanceof PitrError && error.code === 'MissingPrivilege') return []
    throw error
  }
}

async function filterFindings(dialect: FlavorDialect, session: Session): Promise<readonly PreflightFinding[]> {
  return Object.entries(await dialect.binlogFilters(session))
    .filter(([, value]) => value !== '')
    .map(([variable, value]) => filterFinding(variable, value))
}

function filterFinding(variable: string, value: string): PreflightFinding {
  return {
    severity: 'error',
    code: 'UnsafeSetting',
    subject: `${variable}=${value}`,
    message: `${variable} leaves databases out of the binary log, so their changes could not be recovered`,
    hint: `Start the server without ${variable.replaceAll('_', '-')}.`,
  }
}

/**
 * A replica logs what it applies only if it is told to, which is not the default of
 * [MariaDB](https://mariadb.com/docs/server/ha-and-performance/standard-replication/replication-and-binary-log-system-variables#log_slave_updates).
 * So does a node of a Galera cluster. A member of a MySQL group does not start without it.
 */
async function unloggedReplication(dialect: FlavorDialect, session: Session): Promise<readonly PreflightFinding[]> {
  const { wsrep_on: isNode, ...logging } = await globalVariables(session, [
    // The one of MySQL since 8.0.26, and the older one that both flavors know.
    'log_replica_updates',
    'log_slave_updates',
    'wsrep_on',
  ])
  const off = Object.entries(logging).find(([, value]) => value !== 'ON')
  if (off === undefined || (isNode !== 'ON' && !(await dialect.replicates(session)))) return []
  const [variable, value] = off
  return [
    {
      severity: 'error',
      code: 'UnsafeSetting',
      subject: `${variable}=${value}`,
      message: `${variable} is ${value} on a server that replicates: what it applies is not in its binary log and could not be recovered`,
      hint: `Start the server with --${variable.replaceAll('_', '-')} and take a new backup, or back up and archive its source. If it no longer replicates, remove the connection (RESET REPLICA ALL).`,
    },
  ]
}
