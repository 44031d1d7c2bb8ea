import { describe, expect, test } from 'vitest'
import { EventType } from '../../src/binlog/event-type.ts'
import { outcomeOf } from './fuzz/outcome.ts'
import { LogBuilder } from './support.ts'

/**
 * How each type code is treated, by the documents of the servers
 * ([MySQL's types](https://dev.mysql.com/doc/dev/mysql-server/latest/namespacemysql_1_1binlog_1_1event.html),
 * [MariaDB's](https://mariadb.com/docs/server/reference/clientserver-protocol/replication-protocol)):
 * `read`: interpreted, its body too; `passed over`: says nothing that matters here; `refused`: `UnsupportedEvent`, or
 * `EncryptedBinlog` for Start_encryption. Whatever is not in the table is refused, unless its event says that it may be ignored.
 */
const TREATMENT = {
  both: {
    // Query, Format_description, Xid, Execute_load_query, Table_map; rows version 1 (MySQL to 5.5, all MariaDB), Incident;
    // rows version 2 (MySQL 5.6 on), XA_prepare
    read: [2, 15, 16, 18, 19, 23, 24, 25, 26, 30, 31, 32, 38],
    // Stop, Rotate; Intvar, Rand, User_var: values for the statement that follows; Append_block, Delete_file,
    // Begin_load_query: the file of a LOAD DATA; Ignorable, Rows_query
    passedOver: [3, 4, 5, 13, 14, 9, 11, 17, 28, 29],
  },
  mysql: {
    read: [33, 34, 35, 39, 40, 42], // Gtid, Anonymous_gtid, Previous_gtids, Partial_update_rows, Transaction_payload, Gtid_tagged
    passedOver: [36, 37], // Transaction_context, View_change: of group replication
  },
  mariadb: {
    read: [162, 163, 164, 165, 166, 167, 168, 169, 170, 171], // Gtid, Gtid_list, Start_encryption, compressed events
    passedOver: [160, 161], // Annotate_rows, Binlog_checkpoint
  },
}

describe.each(['mysql', 'mariadb'] as const)('in a log of %s', (flavor) => {
  const known = [TREATMENT.both, TREATMENT[flavor]].flatMap(({ read, passedOver }) => [...read, ...passedOver])
  const unknown = Array.from({ length: 256 }, (_, type) => type).filter((type) => !known.includes(type))

  test('every type is interpreted, passed over or refused as the table says', () => {
    expect(unknown.map((type) => [type, outcome(withEvent(flavor, type))])).toEqual(
      unknown.map((type) => [type, 'UnsupportedEvent']),
    )
    expect(known.filter((type) => outcome(withEvent(flavor, type)) === 'UnsupportedEvent')).toEqual([])
  })

  test('what is passed over has no body that matters', () => {
    for (const { passedOver } of [TREATMENT.both, TREATMENT[flavor]]) {
      for (const type of passedOver.filter((each) => !BETWEEN_TRANSACTIONS.has(each))) {
        expect([type, outcome(withEvent(flavor, type).query('COMMIT'))]).toEqual([type, 'read'])
      }
    }
  })

  test('a type that nobody knows is passed over when its event says that it may be ignored', () => {
    const ignored = unknown.filter((type) => outcome(withEvent(flavor, type, 0x80).query('COMMIT')) === 'read')
    // Never a type of the other flavor, and never an old one that changed data before there was such a flag.
    const other = flavor === 'mysql' ? (type: number) => type >= 160 : (type: number) => type >= 33 && type <= 42
    expect(unknown.filter((type) => !ignored.includes(type))).toEqual(unknown.filter(other))
  })
})

/** Inside a transaction they are an error. */
const BETWEEN_TRANSACTIONS: ReadonlySet<number> = new Set([
  EventType.Stop,
  EventType.Rotate,
  EventType.BinlogCheckpoint,
])

/** A log with an empty event of a type inside a transaction. */
function withEvent(flavor: 'mysql' | 'mariadb', type: number, flags = 0): LogBuilder {
  const log = new LogBuilder(flavor)
  const begun = flavor === 'mysql' ? log.gtid(1).query('BEGIN') : log.mariadbGtid(1n, 0)
  return begun.add(type, '', { flags })
}

function outcome(log: LogBuilder): string {
  return outcomeOf(log.bytes, log.length)
}
