import { randomInt } from 'node:crypto'
import type { Flavor } from './types.ts'

/** The server options every test server gets, wherever it runs, followed by those a test asks for (the last one wins). */
export function serverOptions(flavor: Flavor, extra: readonly string[] = []): readonly string[] {
  return [
    `--server-id=${randomInt(1, 2 ** 32 - 1)}`,
    '--log-bin=binlog',
    '--skip-name-resolve',
    '--local-infile=OFF',
    // Small enough for several servers beside each other on a small machine.
    '--innodb-buffer-pool-size=128M',
    ...FLAVOR_OPTIONS[flavor],
    ...extra.map(withoutBinlog),
  ]
}

// `loose`: servers older than the option start without it.
const FLAVOR_OPTIONS: Readonly<Record<Flavor, readonly string[]>> = {
  mysql: [
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    '--loose-mysqlx=0',
    '--loose-innodb-redo-log-capacity=64M',
  ],
  mariadb: ['--binlog-format=ROW', '--binlog-checksum=CRC32', '--innodb-log-file-size=64M'],
}

// To a server `--log-bin=OFF` would mean a log file called OFF; only `--skip-log-bin` turns it off.
function withoutBinlog(option: string): string {
  return /^--log[-_]bin=(?:off|0|false)$/i.test(option) ? '--skip-log-bin' : option
}

/** The environment of a server whose system has this time zone. */
export function zoneOf(timeZone: string | undefined): Readonly<Record<string, string>> {
  return timeZone === undefined ? {} : { TZ: timeZone }
}
