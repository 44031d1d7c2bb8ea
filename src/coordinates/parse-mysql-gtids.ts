import { PitrError } from '../errors.ts'
import { normalize } from './intervals.ts'
import type { Intervals } from './intervals.ts'

const UUID = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/
const TAG = /^[a-z_][a-z0-9_]{0,31}$/
const INTERVAL = /^(\d{1,19})\s*(?:-\s*(\d{1,19})\s*)?$/
/** The highest transaction number there is: 2^63 - 2. */
const MAX_NUMBER = 0x7fff_ffff_ffff_fffen

/**
 * Reads the text of a set into intervals per source (`uuid` or `uuid:tag`), as
 * [the manual's grammar](https://dev.mysql.com/doc/refman/en/replication-gtids-concepts.html#replication-gtids-concepts-gtid-sets)
 * has it: white space anywhere between the parts, empty elements, any case and order. Throws `InvalidGtid`.
 */
export function parseMysqlGtids(text: string): ReadonlyMap<string, Intervals> {
  const pairs = new Map<string, bigint[]>()
  for (const element of text.toLowerCase().split(',')) {
    const trimmed = element.trim()
    if (trimmed !== '') readSource(trimmed, pairs)
  }
  return new Map([...pairs].map(([source, found]) => [source, normalize(found)]))
}

/** Reads one GTID, `uuid:1` or `uuid:tag:1`. Throws `InvalidGtid`. */
export function parseMysqlGtid(text: string): { readonly source: string; readonly number: bigint } {
  const found = [...parseMysqlGtids(text)]
  const [source, ranges] = found[0] ?? []
  const [from, to] = ranges ?? []
  if (source === undefined || from === undefined || from !== to || found.length > 1 || ranges?.length !== 2) {
    throw invalid(text, 'Name one transaction: the server uuid, the tag if it has one, and its number.')
  }
  return { source, number: from }
}

function readSource(element: string, pairs: Map<string, bigint[]>): void {
  const [uuidText = '', ...parts] = element.split(':').map((part) => part.trim())
  const uuid = readUuid(uuidText, element)
  let source = uuid
  let numbers = 0
  for (const part of parts) {
    if (TAG.test(part)) {
      if (source !== uuid && numbers === 0) break
      source = `${uuid}:${part}`
      numbers = 0
      continue
    }
    const range = readInterval(part, element)
    const found = pairs.get(source)
    if (found === undefined) pairs.set(source, range)
    else found.push(...range)
    numbers++
  }
  if (numbers === 0) throw invalid(element, 'Behind a uuid or a tag come the numbers of its transactions: uuid:1-5.')
}

function readUuid(text: string, element: string): string {
  if (!UUID.test(text)) {
    throw invalid(element, 'It must begin with a server uuid: 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5.')
  }
  if (text.length === 36) return text
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')
}

function readInterval(text: string, element: string): bigint[] {
  const match = INTERVAL.exec(text)
  if (match === null) throw invalid(element, `"${text}" is neither a number, nor an interval like 1-5, nor a tag.`)
  const from = BigInt(match[1] ?? '')
  const to = match[2] === undefined ? from : BigInt(match[2])
  if (from === 0n) throw invalid(element, 'Transaction numbers begin at 1.')
  if (to > MAX_NUMBER) throw invalid(element, `Transaction numbers end at ${MAX_NUMBER}.`)
  if (to < from) throw invalid(element, `The interval ${text} ends before it begins.`)
  return [from, to]
}

function invalid(text: string, hint: string): PitrError {
  return new PitrError('InvalidGtid', {
    subject: text.slice(0, 200),
    message: `"${text.slice(0, 200)}" is not a GTID of MySQL or a set of them`,
    hint,
  })
}
