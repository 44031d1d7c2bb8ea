import type { LoggedTransaction } from '../oracle/index.ts'
import type { Content } from './content.ts'
import { Model } from './model.ts'
import { SETUP_NUMBER } from './schema.ts'
import type { Step } from './step.ts'
import { stepName } from './step.ts'

/** The writers' record of what they did, by the names of the steps. It knows no order: that is the log's to tell. */
export class Ledger {
  readonly #steps = new Map<string, Step>()
  readonly #committed = new Set<string>()
  readonly #rolledBack = new Set<string>()

  /** How many steps are known to be committed. */
  get committed(): number {
    return this.#committed.size
  }

  /** How many were rolled back. */
  get rolledBack(): number {
    return this.#rolledBack.size
  }

  /** Writes down a step before it is tried. */
  intend(step: Step): void {
    this.#steps.set(stepName(step), step)
  }

  /** The server has confirmed the step. */
  confirm(step: Step): void {
    this.#committed.add(stepName(step))
  }

  /** The writer took the step back. */
  rollBack(step: Step): void {
    this.#rolledBack.add(stepName(step))
  }

  /** Whether a transaction was held open on purpose, so that others committed before it. */
  isLong(number: number): boolean {
    const step = this.#steps.get(`transaction ${number}`)
    return step?.kind === 'transaction' && step.effects.some(({ kind }) => kind === 'pause')
  }

  /** The numbers of the XA transactions that are prepared, and not ended, after the first `count` transactions of the log. */
  preparedAfter(order: readonly LoggedTransaction[], count: number): ReadonlySet<number> {
    const prepared = new Set<number>()
    for (const logged of order.slice(setupEnd(order), count)) {
      const step = this.#stepOf(logged)
      if (step.kind === 'prepared') prepared.add(step.number)
      else if (step.kind !== 'definition') prepared.delete(step.number)
    }
    return prepared
  }

  /** Whether a logged transaction is a XA PREPARE. */
  isPrepare(logged: LoggedTransaction): boolean {
    return this.#steps.get(nameOf(logged))?.kind === 'prepared'
  }

  /** Whether a logged transaction is a row of a side table alone, that is of one without transactions. */
  isNonTransactional(logged: LoggedTransaction): boolean {
    const step = this.#steps.get(nameOf(logged))
    return (
      step?.kind === 'transaction' && !step.effects.some((effect) => 'table' in effect && effect.table === 'ledger')
    )
  }

  /** What is wrong with the log: steps nobody made, made twice or rolled back, confirmed ones that are not in it. */
  contradictions(order: readonly LoggedTransaction[]): string[] {
    const names = order.slice(setupEnd(order)).map(nameOf)
    const seen = new Set<string>()
    const found: string[] = []
    for (const name of names) {
      if (!this.#steps.has(name)) found.push(`nobody made ${name}`)
      if (this.#rolledBack.has(name)) found.push(`${name} was rolled back`)
      if (seen.has(name)) found.push(`${name} is in the log twice`)
      seen.add(name)
    }
    return [...found, ...[...this.#committed].filter((name) => !seen.has(name)).map((name) => `the log lacks ${name}`)]
  }

  /** The content after the first `count` transactions of the log, which must include the setting up. */
  contentAfter(order: readonly LoggedTransaction[], count: number): Content {
    const start = setupEnd(order)
    if (count <= start) throw new Error(`${count} transactions end before the tables were set up (${start + 1})`)
    const model = new Model()
    for (const logged of order.slice(start, count)) model.apply(this.#stepOf(logged))
    return model.content()
  }

  #stepOf(logged: LoggedTransaction): Step {
    const step = this.#steps.get(nameOf(logged))
    if (step === undefined) throw new Error(`nobody made ${nameOf(logged)}`)
    return step
  }
}

// The index of the transaction that ended the setting up.
function setupEnd(order: readonly LoggedTransaction[]): number {
  const index = order.findIndex(({ label }) => label === SETUP_NUMBER)
  if (index === -1) throw new Error('the log does not hold the setting up of the tables')
  return index
}

const XA_END = /^XA (PREPARE|COMMIT|ROLLBACK) X'([0-9a-f]+)'/
const XA_STEP: Readonly<Record<string, Step['kind']>> = {
  PREPARE: 'prepared',
  COMMIT: 'transaction',
  ROLLBACK: 'withdrawn',
}

/** The name of the step a logged transaction is: by the number in its rows or its XA name, or by its statement. */
function nameOf({ label, statements, file, start }: LoggedTransaction): string {
  const xa = XA_END.exec(statements.at(-1) ?? '')
  if (xa !== null) return `${XA_STEP[xa[1] ?? '']} ${Buffer.from(xa[2] ?? '', 'hex').toString()}`
  if (label !== undefined) return `transaction ${label}`
  const match = /^(CREATE|ALTER|TRUNCATE|DROP) TABLE \W*(?:ledger_test\W+)?(side_\d+)\b/.exec(statements.join('\n'))
  if (match === null)
    return `the transaction at ${file}:${start} (${statements.join('; ').slice(0, 200) || 'rows without a number'})`
  return `${match[1]?.toLowerCase()} ${match[2]}`
}
