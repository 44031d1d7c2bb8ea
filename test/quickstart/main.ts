import { PitrError } from '../../src/index.ts'
import { Narrator } from './narrator.ts'
import { readOptions, USAGE } from './options.ts'
import { quickstart } from './quickstart.ts'

// `npm run quickstart [-- --flavor mariadb]`: the whole main job on two real servers, with a proof at the end.
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options.kind !== 'run') {
    process.stdout.write(`${USAGE}\n`)
    return options.kind === 'help' ? 0 : 2
  }

  const stop = new AbortController()
  // The first Ctrl-C cleans up, the second one ends the process. Not `once`: execa would find no listener left.
  const onSignal = (): void => (stop.signal.aborted ? process.exit(130) : stop.abort())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  const narrator = new Narrator(process.stdout)
  try {
    narrator.say(`\n${await quickstart(options.flavor, narrator, stop.signal)}`)
    return 0
  } catch (error) {
    narrator.say('')
    if (stop.signal.aborted) {
      narrator.say('Stopped. The servers and the archive are removed.')
      return 130
    }
    process.stderr.write(`QUICKSTART FAILED: ${describe(error)}\n`)
    return 1
  }
}

function describe(error: unknown): string {
  if (error instanceof PitrError) return `${error.code}: ${error.message}\n  ${error.subject}\n  hint: ${error.hint}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
