import type { BinlogEvent } from '../../../binlog/event.ts'
import type { RowChanges } from '../../../binlog/row-changes.ts'
import type { MappedTable } from '../../../binlog/table-maps.ts'
import type { LoggedRows } from '../../../server/row-comparison/logged-rows.ts'
import { sameValue } from '../../../server/row-comparison/same-value.ts'
import { tableKey } from '../../../server/row-comparison/table-facts.ts'
import type { RowKey, TableFacts } from '../../../server/row-comparison/table-facts.ts'

/** Something of a table that is not compared, and why. */
export interface NotCompared {
  /** `database.table`, or a column of it. */
  readonly what: string
  readonly why: string
}

/** Rows that are compared together. */
export interface ComparedRows {
  readonly rows: LoggedRows
  /** Of each row the event that changes it. */
  readonly events: readonly BinlogEvent[]
}

/** A row event, and what is known of its table. */
export interface RowsOfEvent {
  readonly event: BinlogEvent
  readonly mapped: MappedTable
  readonly changes: RowChanges
  readonly facts: TableFacts
  /** Names of the tables whose changes may change rows of this one. */
  readonly ancestors: ReadonlySet<string>
  readonly onNotCompared: (each: NotCompared) => void
}

interface OpenGroup extends ComparedRows {
  readonly rows: LoggedRows & { readonly images: Buffer[] }
  readonly events: BinlogEvent[]
}

/** A part of a batch whose rows are compared before any of it is applied: each as it is the first time it is changed. */
export class BatchPart {
  /** Table maps and row events. */
  readonly events: BinlogEvent[]
  readonly #groups = new Map<string, OpenGroup>()
  /** By table: the keys of the rows that the part changed, as they are then. */
  readonly #known = new Map<string, Set<string>>()
  /** Tables of which it changed rows that are not known. */
  readonly #unknown = new Set<string>()
  /** Tables whose changes foreign keys follow. */
  readonly #followed = new Set<string>()

  /** `maps`: the table maps before it that its rows need. */
  constructor(maps: readonly BinlogEvent[]) {
    this.events = [...maps]
  }

  /** The rows to compare. */
  get groups(): readonly ComparedRows[] {
    return [...this.#groups.values()]
  }

  /** Whether it may have changed rows of a table without a word of the log about them. */
  mayHaveChanged(facts: TableFacts, ancestors: ReadonlySet<string>): boolean {
    return this.#unknown.has(tableKey(facts)) || [...ancestors].some((table) => this.#followed.has(table))
  }

  /** Takes what an event does to rows. */
  addRows(of: RowsOfEvent): void {
    const { event, changes, facts, onNotCompared } = of
    const table = tableKey(facts)
    if (changes.followsForeignKeys) this.#followed.add(table)
    const { key } = facts
    if (key === undefined) {
      if (changes.action !== 'inserted' && facts.isFoundByKey) {
        onNotCompared({ what: `${facts.database}.${facts.table}`, why: 'its only key has computed columns' })
      }
      // The server itself looks for rows by all their columns.
      return
    }
    const known = this.#known.get(table) ?? new Set()
    this.#known.set(table, known)
    let group: OpenGroup | undefined
    for (const { before, keyBefore, keyAfter } of changes.rows(key.columns)) {
      if (before !== undefined && (keyBefore === undefined || !known.delete(keyBefore))) {
        group ??= this.#groupOf(of, key)
        group?.rows.images.push(before)
        group?.events.push(event)
      }
      if (keyAfter !== undefined) known.add(keyAfter)
      else if (changes.action !== 'deleted') this.#unknown.add(table)
    }
  }

  /** Undefined when its rows cannot be compared. */
  #groupOf(of: RowsOfEvent, key: RowKey): OpenGroup | undefined {
    const { event, mapped, changes, facts } = of
    const compared = comparedColumns(of)
    if (key.columns.some((column) => !holds(changes.present, column))) {
      of.onNotCompared({ what: `${facts.database}.${facts.table}`, why: 'the log does not hold its key' })
      return undefined
    }
    const id = [tableKey(facts), changes.present.toString('latin1'), ...compared].join()
    const group = this.#groups.get(id) ?? {
      rows: {
        table: facts,
        key,
        compared,
        like: event,
        tableMap: mapped.body,
        columns: mapped.map.columns.length,
        present: changes.present,
        hasExtraData: changes.hasExtraData,
        images: [],
      },
      events: [],
    }
    this.#groups.set(id, group)
    return group
  }
}

/** Indexes of the columns to compare; tells of the others why they are none. */
function comparedColumns({ changes, facts, ancestors, onNotCompared }: RowsOfEvent): readonly number[] {
  const { present } = changes
  // One of its rows may have changed another one in the middle of the event.
  const followsItself = changes.followsForeignKeys && changes.count > 1 && ancestors.has(tableKey(facts))
  const cascading = followsItself ? facts.cascades.flatMap(({ columns }) => columns) : []
  const followed = cascading.filter((column) => facts.key?.columns.includes(column) !== true)
  return facts.columns.flatMap((column, i) => {
    if (column.generation !== '') return []
    const why = !holds(present, i)
      ? 'the log does not hold it'
      : sameValue(column) === undefined
        ? `its type ${column.type} is not known`
        : followed.includes(i)
          ? 'a foreign key of the table to itself may change it'
          : undefined
    if (why === undefined) return [i]
    onNotCompared({ what: `${facts.database}.${facts.table}.${column.name}`, why })
    return []
  })
}

function holds(present: Buffer, column: number): boolean {
  return (present[column >> 3]! & (1 << (column & 7))) !== 0
}
