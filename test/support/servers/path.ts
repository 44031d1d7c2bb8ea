import { execa } from 'execa'
import { access, constants } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { ProviderUnavailable } from './errors.ts'
import { startLocalServer } from './local-server.ts'
import type { Flavor, Provider } from './types.ts'

/** Servers whose programs are installed on this machine. */
export const pathProvider: Provider = {
  name: 'path',
  async prepare(flavor) {
    const programs = { flavor, server: await pathProgram(flavor, SERVER[flavor]), path: await pathClients(flavor) }
    return async (options) => startLocalServer('path', programs, options)
  },
}

/**
 * The folders of a flavour's installed client programs.
 * @throws ProviderUnavailable when one is missing, or is the other flavour's under this name.
 */
export async function pathClients(flavor: Flavor): Promise<readonly string[]> {
  const files = await Promise.all(CLIENTS[flavor].map(async (name) => pathProgram(flavor, name)))
  return [...new Set(files.map((file) => dirname(file)))]
}

const SERVER: Readonly<Record<Flavor, string>> = { mysql: 'mysqld', mariadb: 'mariadbd' }
const CLIENTS: Readonly<Record<Flavor, readonly string[]>> = {
  mysql: ['mysqldump', 'mysql', 'mysqlbinlog'],
  mariadb: ['mariadb-dump', 'mariadb', 'mariadb-binlog'],
}
const REMEDY: Readonly<Record<Flavor, string>> = {
  mysql: 'install a MySQL server and its client programs, and put mysqld, mysqldump, mysql and mysqlbinlog on the PATH',
  mariadb:
    'install a MariaDB server and its client programs, and put mariadbd, mariadb-dump, mariadb and mariadb-binlog on the PATH',
}

async function pathProgram(flavor: Flavor, name: string): Promise<string> {
  const file = await findProgram(name)
  if (file === undefined) throw new ProviderUnavailable(`there is no ${name} on the PATH`, REMEDY[flavor])
  // MariaDB's packages also install their programs under MySQL's names.
  const { stdout } = await execa(file, ['--version'])
  if (/mariadb/i.test(stdout) === (flavor === 'mariadb')) return file
  throw new ProviderUnavailable(`${file} is not ${flavor}'s: ${stdout}`, REMEDY[flavor])
}

/** The full path of an installed program; also looks where servers are installed, which few users have on their PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...folders, '/usr/sbin', '/usr/local/sbin']) {
    const file = join(folder, name)
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return file
  }
  return undefined
}
