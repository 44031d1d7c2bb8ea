import { EventType } from '../../../binlog/event-type.ts'
import type { BinlogEvent } from '../../../binlog/event.ts'
import { RowChanges } from '../../../binlog/row-changes.ts'
import { endsStatement, ROWS_LAYOUTS } from '../../../binlog/rows-event.ts'
import { uncompressedRows } from '../../../binlog/uncompressed-rows.ts'
import type { TableMaps } from '../../../binlog/table-maps.ts'
import { tableKey } from '../../../server/row-comparison/table-facts.ts'
import type { TableFacts, TableRef } from '../../../server/row-comparison/table-facts.ts'
import { BatchPart } from './batch-part.ts'
import type { NotCompared } from './batch-part.ts'

/** What {@link cutBatch} asks. */
export interface CutOptions {
  readonly tables: TableMaps
  /** Undefined for a table that the server does not have: it will say so itself. */
  readonly factsOf: (table: TableRef) => Promise<TableFacts | undefined>
  /** Throws when a table of the log has other columns. */
  readonly requireFits: (facts: TableFacts, columns: number, event: BinlogEvent) => void
  readonly onNotCompared: (each: NotCompared) => void
}

/**
 * Cuts a batch so that every row is known as it is before its part: what the part itself did to a row, or may have done, is
 * not asked of the server. Most batches are one part.
 */
export async function cutBatch(
  events: readonly BinlogEvent[],
  { tables, factsOf, requireFits, onNotCompared }: CutOptions,
): Promise<readonly BatchPart[]> {
  let part = new BatchPart([])
  const parts = [part]
  /** The table maps of the statement under way. */
  let maps: BinlogEvent[] = []
  for (const event of events) {
    if (event.type === EventType.TableMap) {
      tables.add(event)
      maps.push(event)
    } else if (ROWS_LAYOUTS[event.type] !== undefined) {
      const mapped = tables.get(event)
      const facts = await factsOf(mapped.map)
      if (facts !== undefined) {
        requireFits(facts, mapped.map.columns.length, event)
        const changes = new RowChanges(uncompressedRows(event), mapped)
        const ancestors = await ancestorsOf(facts, factsOf)
        if (changes.action !== 'inserted' && part.mayHaveChanged(facts, ancestors)) {
          part = new BatchPart(maps)
          parts.push(part)
        }
        part.addRows({ event, mapped, changes, facts, ancestors, onNotCompared })
      }
    }
    part.events.push(event)
    if (endsStatement(event)) maps = []
  }
  return parts
}

/** The tables whose changes may change rows of this one by foreign keys, through others too. */
async function ancestorsOf(table: TableFacts, factsOf: CutOptions['factsOf']): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const open = [...table.cascades]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(tableKey(next.parent))) continue
    found.add(tableKey(next.parent))
    open.push(...((await factsOf(next.parent))?.cascades ?? []))
  }
  return found
}
