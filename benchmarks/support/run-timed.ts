import { execa } from 'execa'

/** What a program took. */
export interface TimedRun {
  readonly wallSeconds: number
  /** Of it and the programs it started, user and system: what it would have taken on an idle machine. */
  readonly cpuSeconds: number
  readonly stdout: string
}

interface RunTimedOptions {
  /** Whether to give back what it prints. @default false */
  readonly keepOutput?: boolean
  /** Where to look for the program first. */
  readonly path?: readonly string[]
  /** Where Node keeps what it compiled. */
  readonly compileCache?: string
}

/** Runs a program to its end and tells what it took. Its output is thrown away in the kernel unless it is asked for. */
export async function runTimed(
  command: readonly string[],
  { keepOutput = false, path = [], compileCache }: RunTimedOptions = {},
): Promise<TimedRun> {
  const output = keepOutput ? '' : '>/dev/null'
  // The shell's own keyword: the same measure for every program, and Node tells nothing of a child's times.
  const { stdout, stderr } = await execa(
    'bash',
    ['-c', `TIMEFORMAT='%3R %3U %3S'; time "$@" ${output}`, 'bash', ...command],
    {
      env: { PATH: [...path, process.env['PATH']].join(':'), LC_ALL: 'C', NODE_COMPILE_CACHE: compileCache },
    },
  )
  const times = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
  const [wallSeconds = Number.NaN, user = Number.NaN, system = Number.NaN] = times
  return { wallSeconds, cpuSeconds: user + system, stdout }
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!
}
