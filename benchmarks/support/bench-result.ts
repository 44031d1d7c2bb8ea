/** A cell of the table: numbers are right-aligned and get two decimals at most. */
export type Cell = string | number

/** One promise a benchmark checks. A figure that is not a finite number misses any goal. */
export interface Goal {
  /** What was measured, with its unit: `replay, transactions/s`. */
  readonly what: string
  readonly figure: number
  readonly comparison: '>=' | '<='
  readonly goal: number
}

/** What one run measured. */
export interface BenchResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  readonly goals: readonly Goal[]
  /** Versions of the servers it ran against, as they report them: `SELECT VERSION()`. */
  readonly serverVersions: readonly string[]
}

/** What `benchmarks/NAME.bench.ts` exports: `npm run bench -- NAME [args]` calls it with `args`. */
export interface BenchModule {
  readonly bench: (args: readonly string[]) => Promise<BenchResult>
}
