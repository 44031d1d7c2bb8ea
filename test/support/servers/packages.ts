import { startLocalServer } from './local-server.ts'
import { programTree } from './program-tree.ts'
import type { ProgramTreeRecipe, TreeProgram } from './program-tree.ts'
import type { Flavor, Provider } from './types.ts'

/** Servers out of Debian packages, unpacked into the cache: no root, no installation. */
export const packagesProvider: Provider = {
  name: 'packages',
  async prepare(flavor) {
    const bin = await packagePrograms(flavor)
    const programs = { flavor, server: `${bin}/${flavor === 'mysql' ? 'mysqld' : 'mariadbd'}`, path: [bin] }
    return async (options) => startLocalServer('packages', programs, options)
  },
}

/** The folder with the server and client programs of a flavour, downloaded the first time. */
export async function packagePrograms(flavor: Flavor): Promise<string> {
  return programTree(RECIPES[flavor])
}

/** What the programs of each flavour are made of. */
export const RECIPES: Readonly<Record<Flavor, ProgramTreeRecipe>> = {
  mysql: {
    name: 'mysql',
    suite: 'unstable',
    packages: ['mysql-server-core', 'mysql-client-core'],
    programs: [
      server('usr/sbin/mysqld', 'mysql', ['--secure-file-priv=NULL']),
      ...clients('mysqldump', 'mysql', 'mysqlbinlog', 'mysqladmin'),
    ],
  },
  mariadb: {
    name: 'mariadb',
    suite: 'trixie',
    packages: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client', 'mariadb-backup'],
    programs: [
      server('usr/sbin/mariadbd', 'mariadb', []),
      ...clients('mariadb-dump', 'mariadb', 'mariadb-binlog', 'mariadb-admin', 'mariadb-backup', 'mbstream'),
    ],
  },
}

// Debian builds a server for fixed folders; these say where they are now.
function server(file: string, share: string, options: readonly string[]): TreeProgram {
  const folders = [
    `--basedir=$tree/usr`,
    `--lc-messages-dir=$tree/usr/share/${share}`,
    '--plugin-dir=$tree/usr/lib/mysql/plugin',
  ]
  return { file, options: [...folders, ...options] }
}

function clients(...names: readonly string[]): readonly TreeProgram[] {
  return names.map((name) => ({ file: `usr/bin/${name}` }))
}
