import type { Connection } from 'mysql2/promise'
import type { Random } from '../random.ts'
import type { Ledger } from './ledger.ts'
import { ownAccount, SHARED_ACCOUNTS } from './schema.ts'
import type { Effect, Step, Verb } from './step.ts'
import { definitionSql, effectSql } from './step-sql.ts'

/** A side table in the life of its worker. */
interface SideTable {
  readonly name: string
  readonly done: Set<Verb>
}

const NOTES = ['plain', 'with \'quote" and \\', 'Zürich 東京 🚀', 'a\nnew line', '', '# at 4', '/*!*/;'] as const

/** One connection of the load: thinks up a step, writes it down, does it. */
export class Worker {
  readonly random: Random
  readonly #id: number
  readonly #ledger: Ledger
  readonly #numbers: { next: number }
  readonly #sides: SideTable[] = []
  #items: number[] = []

  /** `numbers` is shared by all workers: a number is never given twice. */
  constructor(id: number, random: Random, ledger: Ledger, numbers: { next: number }) {
    this.#id = id
    this.random = random
    this.#ledger = ledger
    this.#numbers = numbers
  }

  /** Does one step. */
  async next(client: Connection): Promise<void> {
    const dice = this.random.next()
    if (dice < 0.45) await this.#commit(client, () => this.#transfer())
    else if (dice < 0.7) await this.#commit(client, () => this.#handleItems())
    else if (dice < 0.8)
      await this.#commit(client, () => [...this.#audit(), ...this.#transfer(), ...this.#handleItems()])
    else if (dice < 0.85)
      await this.#commit(client, () => [{ kind: 'undone', effects: this.#transfer() }, ...this.#audit()])
    else if (dice < 0.87) await this.#commit(client, () => [{ kind: 'clear', worker: this.#id }])
    else if (dice < 0.873) await this.#commit(client, (number) => this.#long(number))
    else if (dice < 0.97) await this.#rollBack(client)
    else await this.#workOnSide(client)
  }

  async #commit(client: Connection, think: (number: number) => readonly Effect[]): Promise<void> {
    const step = this.#transaction(think)
    this.#ledger.intend(step)
    await runTransaction(client, step.effects, 'COMMIT')
    this.#ledger.confirm(step)
    this.#remember(step.effects)
  }

  async #rollBack(client: Connection): Promise<void> {
    const step = this.#transaction(() => [...this.#transfer(), ...this.#handleItems()])
    this.#ledger.intend(step)
    await runTransaction(client, step.effects, 'ROLLBACK')
    this.#ledger.rollBack(step)
  }

  async #workOnSide(client: Connection): Promise<void> {
    const { done, name } = this.#side()
    const verb = nextVerb(done, this.random)
    if (verb === 'insert') {
      await this.#commit(client, (tx) => [
        { kind: 'insert', table: name, row: { tx, note: this.random.pick(NOTES) } },
        { kind: 'insert', table: name, row: { tx } },
      ])
      return
    }
    const step: Step = { kind: 'definition', verb, table: name }
    this.#ledger.intend(step)
    await client.query(definitionSql(verb, name))
    done.add(verb)
    this.#ledger.confirm(step)
  }

  // Each transaction writes its number into the ledger, in one row or a few.
  #transaction(think: (number: number) => readonly Effect[]): Step & { readonly kind: 'transaction' } {
    const number = this.#numbers.next++
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
      const id = this.#numbers.next++ * 1000 + index
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

  // Rows written long before the commit, behind which others commit first.
  #long(number: number): Effect[] {
    return [
      { kind: 'add', account: ownAccount(this.#id), delta: number },
      { kind: 'pause', ms: this.random.integer(1200, 2300) },
      ...this.#handleItems(),
    ]
  }

  #side(): SideTable {
    const open = this.#sides.find(({ done }) => !done.has('drop'))
    if (open !== undefined) return open
    const side = { name: `side_${this.#numbers.next++}`, done: new Set<Verb>() }
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

// Two transactions may still wait for each other in an index; the server then picks one, which begins again.
async function runTransaction(
  client: Connection,
  effects: readonly Effect[],
  end: 'COMMIT' | 'ROLLBACK',
): Promise<void> {
  for (;;) {
    try {
      await client.query('BEGIN')
      for (const effect of effects) {
        for (const { sql, values } of effectSql(effect)) await client.query(sql, [...values])
      }
      await client.query(end)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ER_LOCK_DEADLOCK') throw error
      await client.query('ROLLBACK')
    }
  }
}
