import { findProgram } from './path.ts'
import { programTree } from './program-tree.ts'

/**
 * A sysbench that makes load on servers of both flavours: the installed one, or Debian's, unpacked into the cache.
 * @throws ProviderUnavailable when there is none.
 */
export async function sysbenchProgram(): Promise<string> {
  const installed = await findProgram('sysbench')
  if (installed !== undefined) return installed
  const bin = await programTree({
    name: 'sysbench',
    suite: 'trixie',
    packages: ['sysbench'],
    programs: [
      {
        file: 'usr/bin/sysbench',
        environment: {
          LUA_PATH: '$tree/usr/share/sysbench/?.lua;;',
          // MySQL's default way to log in is a plugin of this client library.
          MARIADB_PLUGIN_DIR: '$libraries/libmariadb3/plugin',
        },
      },
    ],
  })
  return `${bin}/sysbench`
}
