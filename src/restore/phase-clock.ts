/** Milliseconds each phase of an operation took, in the order they began. */
export class PhaseClock<Phase extends string> {
  readonly #durations = new Map<Phase, number>()

  /** Runs one phase and takes its time. */
  async time<Result>(phase: Phase, work: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now()
    try {
      return await work()
    } finally {
      const ms = Math.round(performance.now() - startedAt)
      this.#durations.set(phase, (this.#durations.get(phase) ?? 0) + ms)
    }
  }

  /** Milliseconds by phase. */
  get durations(): Readonly<Partial<Record<Phase, number>>> {
    return Object.fromEntries(this.#durations) as Partial<Record<Phase, number>>
  }
}
