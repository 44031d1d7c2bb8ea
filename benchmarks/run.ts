// npm run bench -- NAME [args]: runs benchmarks/NAME.bench.ts, prints its table and goals, keeps the result in
// benchmarks/results/NAME.json, and exits 1 when a goal is missed. Without NAME it lists what there is.
import { globSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { basename, join } from 'node:path'
import type { BenchModule, BenchResult } from './support/bench-result.ts'
import { formatGoal, formatTable, isMet } from './support/format.ts'

const DIRECTORY = import.meta.dirname
const [name, ...args] = process.argv.slice(2)

if (name === undefined) {
  listBenchmarks()
} else {
  const result = await load(name).then(({ bench }) => bench(args))
  console.log(formatTable(result))
  for (const goal of result.goals) console.log(formatGoal(goal))
  console.log(`kept in ${await keep(name, result)}`)
  // Not process.exit(): a benchmark that leaves a server running should be seen to hang, not be cut off.
  process.exitCode = result.goals.every(isMet) ? 0 : 1
}

function benchmarkNames(): string[] {
  return globSync('*.bench.ts', { cwd: DIRECTORY })
    .map((file) => basename(file, '.bench.ts'))
    .toSorted()
}

function listBenchmarks(): void {
  const names = benchmarkNames()
  console.log(names.length === 0 ? 'There is no benchmark yet.' : 'npm run bench -- NAME [args], NAME one of:')
  for (const each of names) console.log(`  ${each}`)
}

async function load(wanted: string): Promise<BenchModule> {
  const names = benchmarkNames()
  if (!names.includes(wanted)) {
    throw new Error(`There is no benchmark ${wanted}. There is: ${names.join(', ') || 'none yet'}`)
  }
  const module: BenchModule = await import(join(DIRECTORY, `${wanted}.bench.ts`))
  return module
}

async function keep(benchmark: string, result: BenchResult): Promise<string> {
  const path = join(DIRECTORY, 'results', `${benchmark}.json`)
  const machine = {
    node: process.version,
    cpuCount: availableParallelism(),
    cpuModel: cpus()[0]?.model,
    memoryBytes: totalmem(),
  }
  const record = { benchmark, args, date: new Date().toISOString(), machine, ...result }
  await mkdir(join(DIRECTORY, 'results'), { recursive: true })
  await writeFile(path, `${JSON.stringify(record, null, 2)}\n`)
  return path
}
