import { setImmediate as nextTurn } from 'node:timers/promises'
import { readdir, readFile } from 'node:fs/promises'

/** The arguments of every process that ran on this machine while `work` ran, as far as a fast look at /proc sees them. */
export async function commandLinesDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
  const seen = new Set<string>()
  const ended = work().then(() => true)
  // A macrotask between two looks, so that the work itself goes on.
  while (!(await Promise.race([ended, nextTurn(false)]))) for (const line of await commandLines()) seen.add(line)
  return [...seen]
}

async function commandLines(): Promise<readonly string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.allSettled(processes.map(async (id) => readFile(`/proc/${id}/cmdline`, 'utf8')))
  // A process may end while one looks at it.
  return lines.flatMap((line) =>
    line.status === 'fulfilled' && line.value !== '' ? [line.value.replaceAll('\0', ' ')] : [],
  )
}
