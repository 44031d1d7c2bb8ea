import type { Connection } from 'mysql2/promise'
import type { Random } from '../random.ts'
import type { Ledger } from './ledger.ts'
import { prepareXa, runEffects, runTransaction } from './run-effects.ts'
import { ownAccount, SHARED_ACCOUNTS } from './schema.ts'
import type { Effect, Engine, Step, Verb } from './step.ts'
import { definitionSql } from './step-sql.ts'

/** A side table in the life of its worker. */
interface SideTable {
  readonly name: string
  readonly engine: Engine
  readonly done: Set<Verb>
}

/** What all workers of a load share. */
export interface Shared {
  readonly ledger: Ledger
  /** The next number; none is given twice. */
  nextNumber: number
  /** The engines of new side tables. */
  engines: readonly Engine[]
  /** Whether the server takes changes to a table without transactions inside of a transaction. */
  mixes: boolean
}

const NOTES = ['plain', 'with \'quote" and \\', 'Zürich 東京 🚀', 'a\nnew line', '', '# at 4', '/*!*/;'] as const

/** One connection of the load: thinks up a step, writes it down, does it. */
export class Worker {
  readonly random: Random
  readonly #id: number
  readonly #shared: Shared
  readonly #sides: SideTable[] = []
  #items: number[] = []

  constructor(id: number, random: Random, shared: Shared) {
    this.#id = id
    this.random = random
    this.#shared = shared
  }

  get #ledger(): Ledger {
    return this.#shared.ledger
  }

  /** Does one step. */
  async next(client: Connection): Promise<void> {
    const dice = this.random.next()
    if (dice < 0.4) await this.#commit(client, () => this.#transfer())
    else if (dice < 0.62) await this.#commit(client, () => this.#handleItems())
    else if (dice < 0.7)
      await this.#commit(client, () => [...this.#audit(), ...this.#transfer(), ...this.#handleItems()])
    else if (dice < 0.75)
      await this.#commit(client, () => [{ kind: 'undone', effects: this.#transfer() }, ...this.#audit()])
    else if (dice < 0.77) await this.#commit(client, () => [{ kind: 'clear', worker: this.#id }])
    else if (dice < 0.773) await this.#commit(client, (number) => this.#long(number))
    else if (dice < 0.8) await this.#commit(client, () => [this.#load(), ...this.#audit()])
    else if (dice < 0.83) await this.#commit(client, () => [...this.#audit(), this.#copy()])
    else if (dice < 0.87) await this.#runXa(client)
    else if (dice < 0.95) await this.#rollBack(client)
    else await this.#workOnSide(client)
  }

  async #commit(client: Connection, think: (number: number) => readonly Effect[]): Promise<void> {
    const step = this.#transaction(think)
    this.#ledger.intend(step)
    await runTransaction(client, step.effects, 'COMMIT', () => this.#mix(client))
    this.#ledger.confirm(step)
    this.#remember(step.effects)
  }

  async #rollBack(client: Connection): Promise<void> {
    const step = this.#transaction(() => [...this.#transfer(), ...this.#handleItems()])
    this.#ledger.intend(step)
    await runTransaction(client, step.effects, 'ROLLBACK', () => this.#mix(client))
    this.#ledger.rollBack(step)
  }

  // A table without transactions changes at once and for good, whatever becomes of the transaction around it.
  async #mix(client: Connection): Promise<void> {
    const side = this.#openSide()
    if (!this.#shared.mixes || side === undefined || side.engine === 'InnoDB' || this.random.chance(0.7)) return
    await this.#fillAtOnce(client, side.name)
  }

  async #fillAtOnce(client: Connection, table: string): Promise<void> {
    const number = this.#shared.nextNumber++
    const row = { tx: number, note: this.random.pick(NOTES) }
    const step: Step = { kind: 'transaction', number, effects: [{ kind: 'insert', table, row }] }
    this.#ledger.intend(step)
    await runEffects(client, step.effects)
    this.#ledger.confirm(step)
  }

  async #runXa(client: Connection): Promise<void> {
    // What no other transaction touches: a deadlock would have other words here.
    const step = this.#transaction((number) => [
      { kind: 'add', account: ownAccount(this.#id), delta: number },
      ...this.#audit(),
    ])
    const { number, effects } = step
    const [prepared, withdrawn]: [Step, Step] = [
      { kind: 'prepared', number },
      { kind: 'withdrawn', number },
    ]
    for (const part of [prepared, withdrawn, step]) this.#ledger.intend(part)
    await prepareXa(client, number, effects, this.random.chance(0.3) ? this.random.integer(5, 200) : 0)
    this.#ledger.confirm(prepared)
    if (this.random.chance(0.8)) {
      await client.query(`XA COMMIT '${number}'`)
      this.#ledger.confirm(step)
    } else {
      await client.query(`XA ROLLBACK '${number}'`)
      this.#ledger.confirm(withdrawn)
      this.#ledger.rollBack(step)
    }
  }

  async #workOnSide(client: Connection): Promise<void> {
    const { done, name, engine } = this.#openSide() ?? this.#newSide()
    const verb = nextVerb(done, this.random)
    if (verb === 'insert' && engine !== 'InnoDB') await this.#fillAtOnce(client, name)
    else if (verb === 'insert') {
      await this.#commit(client, (tx) => [
        { kind: 'insert', table: name, row: { tx, note: this.random.pick(NOTES) } },
        { kind: 'insert', table: name, row: { tx } },
      ])
    } else {
      const step = { kind: 'definition', verb, table: name, engine } as const
      this.#ledger.intend(step)
      await client.query(definitionSql(step))
      done.add(verb)
      this.#ledger.confirm(step)
    }
  }

  // Each transaction writes its number into the ledger, in one row or a few.
  #transaction(think: (number: number) => readonly Effect[]): Step & { readonly kind: 'transaction' } {
    const number = this.#shared.nextNumber++
    const parts = this.random.chance(0.8) ? 1 : this.random.integer(2, 5)
    const rows = Array.from({ length: parts }, (_, part): Effect => {
      const payload = `0x${number.toString(16).padStart(8, '0').repeat(this.random.integer(1, 30))}`
      const amount = `${this.random.integer(-9999, 9999)}.25`
      const row = { tx: number, part, worker: this.#id, amount, note: this.random.pick(NOTES), payload }
      return { kind: 'insert', table: 'ledger', row }
    })
    return { kind: 'transaction', number, effects: [...rows, ...think(number)] }
  }

  #transfer(): Effect[] {
    const [from, to] = [this.random.integer(1, SHARED_ACCOUNTS), this.random.integer(1, SHARED_ACCOUNTS)]
    const delta = this.random.integer(1, 50)
    // In ascending order, or two transfers would wait for each other.
    return [
      { kind: 'add' as const, account: from, delta: -delta },
      { kind: 'add' as const, account: to, delta },
    ].toSorted((a, b) => a.account - b.account)
  }

  #handleItems(): Effect[] {
    const fresh = Array.from({ length: this.random.integer(1, 3) }, (_, index): Effect => {
      const id = this.#shared.nextNumber++ * 1000 + index
      return { kind: 'insert', table: 'item', row: { id, worker: this.#id } }
    })
    if (this.#items.length === 0) return fresh
    const state = `${this.random.pick(NOTES)} ${this.#id}`
    const [changed, removed] = [this.random.pick(this.#items), this.random.pick(this.#items)]
    return [...fresh, { kind: 'change', item: changed, state }, { kind: 'remove', item: removed }]
  }

  #audit(): Effect[] {
    const row = { worker: this.#id, what: this.random.pick(['looked', 'touched']) }
    return [
      { kind: 'insert', table: 'audit', row },
      { kind: 'insert', table: 'audit', row },
    ]
  }

  #load(): Effect {
    const rows = Array.from({ length: this.random.integer(1, 8) }, (_, index) => ({
      worker: this.#id,
      what: `loaded ${index} Zürich 東京`,
    }))
    return { kind: 'load', table: 'audit', rows }
  }

  #copy(): Effect {
    return { kind: 'copied', table: 'audit', row: { worker: this.#id, what: 'lay in a temporary table' } }
  }

  // Rows written long before the commit, behind which others commit first.
  #long(number: number): Effect[] {
    return [
      { kind: 'add', account: ownAccount(this.#id), delta: number },
      { kind: 'pause', ms: this.random.integer(1200, 2300) },
      ...this.#handleItems(),
    ]
  }

  #openSide(): SideTable | undefined {
    const last = this.#sides.at(-1)
    return last === undefined || last.done.has('drop') ? undefined : last
  }

  #newSide(): SideTable {
    const engine = this.random.pick(this.#shared.engines)
    const side = { name: `side_${this.#shared.nextNumber++}`, engine, done: new Set<Verb>() }
    this.#sides.push(side)
    return side
  }

  #remember(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'insert' && effect.table === 'item') this.#items.push(Number(effect.row['id']))
      if (effect.kind === 'remove') this.#items = this.#items.filter((id) => id !== effect.item)
      if (effect.kind === 'clear') this.#items = []
    }
  }
}

// Created, filled, then altered, truncated and dropped in any order, with rows in between.
function nextVerb(done: ReadonlySet<Verb>, random: Random): Verb | 'insert' {
  if (!done.has('create')) return 'create'
  const left = (['alter', 'truncate', 'drop'] as const).filter((verb) => !done.has(verb))
  return random.chance(0.5) ? 'insert' : random.pick(left)
}
