/**
 * The type codes of binlog events that this library knows by name. MySQL: `enum Log_event_type` in
 * [binlog_event.h](https://dev.mysql.com/doc/dev/mysql-server/latest/namespacemysql_1_1binlog_1_1event.html); MariaDB's
 * own begin at 160 ([log_event.h](https://mariadb.com/docs/server/reference/clientserver-protocol/replication-protocol)).
 */
export const EventType = {
  Query: 2,
  Stop: 3,
  Rotate: 4,
  Intvar: 5,
  AppendBlock: 9,
  DeleteFile: 11,
  Rand: 13,
  UserVar: 14,
  FormatDescription: 15,
  Xid: 16,
  BeginLoadQuery: 17,
  ExecuteLoadQuery: 18,
  TableMap: 19,
  WriteRowsV1: 23,
  UpdateRowsV1: 24,
  DeleteRowsV1: 25,
  Incident: 26,
  Heartbeat: 27,
  Ignorable: 28,
  RowsQuery: 29,
  WriteRows: 30,
  UpdateRows: 31,
  DeleteRows: 32,
  Gtid: 33,
  AnonymousGtid: 34,
  PreviousGtids: 35,
  TransactionContext: 36,
  ViewChange: 37,
  XaPrepare: 38,
  PartialUpdateRows: 39,
  TransactionPayload: 40,
  HeartbeatV2: 41,
  GtidTagged: 42,
  AnnotateRows: 160,
  BinlogCheckpoint: 161,
  MariadbGtid: 162,
  GtidList: 163,
  StartEncryption: 164,
  QueryCompressed: 165,
  WriteRowsCompressedV1: 166,
  UpdateRowsCompressedV1: 167,
  DeleteRowsCompressedV1: 168,
  WriteRowsCompressed: 169,
  UpdateRowsCompressed: 170,
  DeleteRowsCompressed: 171,
} as const

const MYSQL_ONLY: ReadonlySet<number> = new Set([
  EventType.Gtid,
  EventType.AnonymousGtid,
  EventType.PreviousGtids,
  EventType.TransactionContext,
  EventType.ViewChange,
  EventType.PartialUpdateRows,
  EventType.TransactionPayload,
  EventType.HeartbeatV2,
  EventType.GtidTagged,
])
/** The first code of MariaDB's own. */
const MARIADB_FIRST = EventType.AnnotateRows

/** Whether only the other flavor writes events of a type: in this one's file the number can mean anything. */
export function isOfOtherFlavor(type: number, isMariadb: boolean): boolean {
  return isMariadb ? MYSQL_ONLY.has(type) : type >= MARIADB_FIRST
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(EventType).map(([name, type]) => [type, name]))

/** The name of an event type, such as `TableMap`; `type 99` for one without a name here. */
export function eventTypeName(type: number): string {
  return NAMES.get(type) ?? `type ${type}`
}
