import { PitrError } from '../errors.ts'
import { programOutput } from '../host/program-output.ts'
import { withoutSecrets } from '../secrets.ts'
import type { ClientProgramKind } from './flavor/flavor-dialect.ts'
import type { Server } from './server.ts'

/** A client program that was found on the tools host. */
export interface ClientProgram {
  /** What {@link Host.run} starts. */
  readonly path: string
  /** Its own version: `9.7.4`. */
  readonly version: string
}

/** Finds a client program of the server's flavor. Throws `MissingProgram`; a program of the other flavor does not count. */
export async function clientProgram(
  server: Pick<Server, 'dialect' | 'tools'>,
  kind: ClientProgramKind,
): Promise<ClientProgram> {
  const { dialect, tools } = server
  const rejected: string[] = []
  for (const name of dialect.programs[kind]) {
    const path = await tools.host.findProgram([name])
    if (path === undefined) continue
    const { stdout, stderr } = await programOutput(tools.host, path, ['--version'])
    const version = dialect.programVersion.exec(stdout)?.groups?.['version']
    if (version !== undefined) return { path, version }
    rejected.push(`${path} says "${withoutSecrets((stdout || stderr).trim()).slice(0, 200)}"`)
  }
  throw new PitrError('MissingProgram', {
    subject: dialect.programs[kind].join(' or '),
    message:
      `${dialect.programs[kind].join(' or ')} of ${dialect.flavor} was not found on ${tools.host.description}` +
      (rejected.length === 0 ? '' : `; ${rejected.join('; ')}`),
    hint: 'Install the client package of the server (mysql-client, mariadb-client), or name its folder: localHost({ path: [...] }).',
    details: { names: dialect.programs[kind], rejected },
  })
}
