import { execa } from 'execa'
import { constants } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedFolder, exists } from './cache.ts'
import { serverError } from './errors.ts'
import { ADMINISTRATOR, randomPassword } from './administrator.ts'
import type { Flavor } from './types.ts'

/** The programs of one flavour on this machine. */
export interface LocalPrograms {
  readonly flavor: Flavor
  /** mysqld or mariadbd. */
  readonly server: string
  /** The folders of the client programs. */
  readonly path: readonly string[]
}

/**
 * Puts a new data directory at `target`: a copy of one that was initialised once per machine, so a server starts in a
 * second and not in five. It holds the administrator and no trace of how that came to be.
 *
 * @param options of the server; MySQL keeps some of them from its initialisation on
 * @returns the administrator's password in it.
 */
export async function createDataDirectory(
  programs: LocalPrograms,
  target: string,
  options: readonly string[] = [],
): Promise<string> {
  const template = await templateOf(
    programs,
    options.filter((option) => option.startsWith('--lower-case-table-names=')),
  )
  await cp(join(template, 'data'), target, { recursive: true, mode: constants.COPYFILE_FICLONE })
  // The server makes a new one, and with it a uuid of its own.
  await rm(join(target, 'auto.cnf'), { force: true })
  return readFile(join(template, 'password'), 'utf8')
}

async function templateOf(programs: LocalPrograms, options: readonly string[]): Promise<string> {
  const { stdout: version } = await execa(programs.server, ['--version'])
  return cachedFolder(
    `${programs.flavor}-data`,
    [programs.server, version, 'template 2', ...options],
    async (draft) => {
      const password = randomPassword()
      const data = join(draft, 'data')
      await INITIALISE[programs.flavor](programs.server, data, accountSql(password), options)
      await writeFile(join(draft, 'password'), password, { mode: 0o600 })
    },
  )
}

// Each statement on a line of its own: MariaDB's bootstrap and MySQL's init file read them so.
function accountSql(password: string): string {
  return [
    `CREATE USER '${ADMINISTRATOR}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${ADMINISTRATOR}'@'%' WITH GRANT OPTION;`,
    '',
  ].join('\n')
}

type Initialise = (server: string, data: string, sql: string, options: readonly string[]) => Promise<void>

const INITIALISE: Readonly<Record<Flavor, Initialise>> = {
  // https://dev.mysql.com/doc/refman/9.7/en/data-directory-initialization.html
  async mysql(server, data, sql, options) {
    const file = `${data}.sql`
    await writeFile(file, `${sql}ALTER USER 'root'@'localhost' IDENTIFIED BY '${randomPassword()}';\n`, { mode: 0o600 })
    await initialise(
      server,
      ['--initialize-insecure', `--init-file=${file}`, '--loose-innodb-redo-log-capacity=8M', ...options],
      data,
    )
    await rm(file)
  },
  // What mariadb-install-db does, without the folders that script insists on.
  async mariadb(server, data, sql, options) {
    const scripts = await mariadbScripts(server)
    const input = [
      "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket='root';\n",
      ...scripts,
      '\nFLUSH PRIVILEGES;\n',
      sql,
    ]
    await mkdir(data, { mode: 0o700 })
    await initialise(server, ['--bootstrap', '--innodb-log-file-size=8M', ...options], data, input.join(''))
  },
}

async function initialise(server: string, args: readonly string[], data: string, input = ''): Promise<void> {
  const all = ['--no-defaults', `--datadir=${data}`, ...asUser(), ...args]
  const result = await execa(server, all, { input, reject: false, stdout: 'ignore' })
  if (!result.failed) return
  throw serverError(`${server} could not initialise a data directory (${result.shortMessage})`, result.stderr, result)
}

/** A server refuses to run as root unless it is told to. */
export function asUser(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : []
}

// The names begin with mysql_ before MariaDB 11; in the order of mariadb-install-db. The help tables stay empty: they
// are most of the work, and only HELP reads them.
const MARIADB_SCRIPTS = [
  ['mariadb_system_tables.sql', 'mysql_system_tables.sql'],
  ['mariadb_performance_tables.sql', 'mysql_performance_tables.sql'],
  ['mariadb_system_tables_data.sql', 'mysql_system_tables_data.sql'],
  ['maria_add_gis_sp_bootstrap.sql'],
  ['mariadb_sys_schema.sql', 'mysql_sys_schema.sql'],
] as const

async function mariadbScripts(server: string): Promise<readonly string[]> {
  const folders = await scriptFolders(server)
  return Promise.all(
    MARIADB_SCRIPTS.map(async (names) => {
      for (const folder of folders) {
        for (const name of names) if (await exists(join(folder, name))) return readFile(join(folder, name), 'utf8')
      }
      throw new Error(`${server} has no ${names[0]} in ${folders.join(', ')}: is its package complete?`)
    }),
  )
}

// A server tells its folders among its default settings.
async function scriptFolders(server: string): Promise<readonly string[]> {
  const { stdout } = await execa(server, ['--no-defaults', ...asUser(), '--verbose', '--help'])
  const setting = (name: string): string => new RegExp(`^${name}\\s+(\\S+)$`, 'm').exec(stdout)?.[1] ?? ''
  const share = join(setting('basedir'), 'share')
  return [setting('lc-messages-dir'), join(share, 'mariadb'), join(share, 'mysql'), share].filter(
    (folder) => folder !== '',
  )
}
