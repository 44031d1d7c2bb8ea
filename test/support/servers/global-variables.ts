import type { Connection, RowDataPacket } from 'mysql2/promise'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { leaseFile } from './lease.ts'
import { isCode } from './lock.ts'

interface Baseline {
  /** When the server was started, in seconds of its own clock: a server started again has its configured values. */
  readonly startedAt: number
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Gives global variables back the values they had when this server was first seen. The values lie in a file, because
 * the test that changed one may have been killed before it could undo it.
 */
export async function restoreGlobals(connection: Connection, name: string): Promise<void> {
  const file = leaseFile(name, 'globals.json')
  const now = await readGlobals(connection)
  const before = await readBaseline(file)
  if (before === undefined || Math.abs(before.startedAt - now.startedAt) > 3) {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, JSON.stringify(now), { mode: 0o600 })
    return
  }
  for (const [variable, value] of Object.entries(before.variables)) {
    if (now.variables[variable] === value || HISTORY.has(variable)) continue
    // A number in quotes is a type error to both servers.
    await connection.query(`SET GLOBAL ?? = ?`, [variable, /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value])
  }
}

// They follow what is committed, and are reset with the binlogs.
const HISTORY = new Set([
  'gtid_executed',
  'gtid_purged',
  'gtid_binlog_pos',
  'gtid_binlog_state',
  'gtid_current_pos',
  'gtid_slave_pos',
])

async function readGlobals(connection: Connection): Promise<Baseline> {
  const [variables] = await connection.query<RowDataPacket[]>('SHOW GLOBAL VARIABLES')
  const [uptime] = await connection.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Uptime'")
  const [clock] = await connection.query<RowDataPacket[]>('SELECT UNIX_TIMESTAMP() AS now')
  return {
    startedAt: Number(clock[0]?.['now']) - Number(uptime[0]?.['Value']),
    variables: Object.fromEntries(variables.map((row) => [row['Variable_name'], row['Value']])),
  }
}

async function readBaseline(file: string): Promise<Baseline | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Baseline
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}
