import { execa } from 'execa'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedFolder, exists } from '../support/servers/cache.ts'
import { unpackDebianPackages } from '../support/servers/debian-packages.ts'
import { RECIPES } from '../support/servers/packages.ts'
import type { Flavor } from '../support/servers/types.ts'

/** What an entrypoint needs beside the server. */
const TOOLS = ['dash', 'coreutils']

/**
 * Makes an image out of the Debian packages of a flavour, where no registry is needed. It takes the same variables as
 * the official images and keeps its data in the same place. Returns its name.
 */
export async function makeImage(flavor: Flavor, environment: Readonly<Record<string, string>>): Promise<string> {
  const name = `mysql-pitr-test/${flavor}:packages`
  const { suite, packages } = RECIPES[flavor]
  const all = { suite, packages: [...packages, ...TOOLS] }
  const folder = await cachedFolder(`${flavor}-image`, [JSON.stringify(all), ENTRYPOINT[flavor]], async (draft) => {
    await unpackDebianPackages(all, join(draft, 'tree'))
    await addOwnFiles(join(draft, 'tree'), flavor)
  })
  const changes = ['ENTRYPOINT ["/entrypoint"]', 'ENV PATH=/usr/sbin:/usr/bin', 'VOLUME /var/lib/mysql']
  await execa('tar', ['-c', '--numeric-owner', '-C', join(folder, 'tree'), ...LEFT_OUT, '.'], {
    encoding: 'buffer',
    buffer: false,
  }).pipe('docker', ['import', ...changes.flatMap((change) => ['--change', change]), '-', name], { env: environment })
  return name
}

const LEFT_OUT = ['doc', 'man', 'locale', 'info'].map((name) => `--exclude=./usr/share/${name}`)

async function addOwnFiles(folder: string, flavor: Flavor): Promise<void> {
  for (const name of ['etc', 'tmp', 'run', 'var/lib/mysql']) await mkdir(join(folder, name), { recursive: true })
  await chmod(join(folder, 'tmp'), 0o1777)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (!(await exists(join(folder, name)))) await symlink(`usr/${name}`, join(folder, name))
  }
  await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(folder, 'entrypoint'), ENTRYPOINT[flavor], { mode: 0o755 })
}

const ENTRYPOINT: Readonly<Record<Flavor, string>> = {
  mysql: `#!/bin/sh
set -eu
data=/var/lib/mysql
if [ ! -d $data/mysql ]; then
  umask 077
  echo "CREATE USER root@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';" >/tmp/init.sql
  echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;" >>/tmp/init.sql
  mysqld --no-defaults --user=root --datadir=$data --initialize-insecure --init-file=/tmp/init.sql
fi
exec mysqld --no-defaults --user=root --datadir=$data --socket=/tmp/mysql.sock --secure-file-priv=NULL "$@"
`,
  mariadb: `#!/bin/sh
set -eu
data=/var/lib/mysql
share=/usr/share/mariadb
if [ ! -d $data/mysql ]; then
  {
    echo "CREATE DATABASE mysql;"
    echo "USE mysql;"
    echo "SET @auth_root_socket = 'root';"
    for name in mariadb_system_tables mariadb_performance_tables mariadb_system_tables_data maria_add_gis_sp_bootstrap \\
      mariadb_sys_schema; do cat $share/$name.sql; done
    echo
    echo "FLUSH PRIVILEGES;"
    echo "CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
  } | mariadbd --no-defaults --user=root --datadir=$data --bootstrap
fi
exec mariadbd --no-defaults --user=root --datadir=$data --socket=/tmp/mysql.sock "$@"
`,
}
