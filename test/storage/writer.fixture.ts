// A process that writes, to be raced or killed: node writer.fixture.ts <location> <task as JSON>.
import { PitrError } from '../../src/errors.ts'
import { chunksOf, contentOf } from './content.ts'
import { openLocation } from './open-location.ts'

export interface WriterTask {
  /** Objects to write, one after the other. */
  readonly keys: readonly string[]
  /** Size of each. */
  readonly bytes: number
  /** Content is made from this and the key; the same in two writers makes the same objects. */
  readonly seed: string
}

const [location = '', json = ''] = process.argv.slice(2)
const { keys, bytes, seed } = JSON.parse(json) as WriterTask
const storage = openLocation(location)
process.stdout.write('ready\n')
if (process.env['WAIT_FOR_START'] !== undefined) await new Promise((resolve) => process.stdin.once('data', resolve))
for (const key of keys) {
  try {
    await storage.write(key, chunksOf(contentOf(seed + key, bytes), 16 * 1024))
    process.stdout.write(`${key} written\n`)
  } catch (error) {
    process.stdout.write(
      `${key} ${error instanceof PitrError ? `${error.code} ${String(error.details['code'])}` : String(error)}\n`,
    )
  }
}
process.exit(0)
