// node ask-archive.ts <index.js of the built library> <archive> latest|accident|TIME [counting]: asks one question, as a process of its
// own that begins with nothing, and prints the answer, the bytes it read and the memory it took.
import type * as Library from '../../src/index.ts'

const [library = '', place = '', question = '', counting = ''] = process.argv.slice(2)
const { directoryStorage, RecoveryImageManager } = (await import(library)) as typeof Library
const storage = directoryStorage(place)
let bytesRead = 0
if (counting !== '') {
  const read = storage.read.bind(storage)
  storage.read = async function* counted(...asked) {
    for await (const chunk of read(...asked)) {
      bytesRead += chunk.byteLength
      yield chunk
    }
  }
}
const manager = await RecoveryImageManager.open({ storage })
const answer = question === 'accident' ? await findAccident() : await plan()
process.stdout.write(JSON.stringify({ answer, bytesRead, maxRssKibibytes: process.resourceUsage().maxRSS }))

async function plan(): Promise<string> {
  const { segments, counts } = await manager.plan(
    question === 'latest' ? { kind: 'latest' } : { kind: 'time', at: question },
  )
  return `${segments.length} segments, ${counts.transactions} transactions`
}

async function findAccident(): Promise<string> {
  const found: string[] = []
  for await (const { statement } of manager.transactions({ table: 'sbtest.accident', kind: 'ddl' })) {
    found.push(statement ?? '?')
  }
  return found.at(-1) ?? 'nothing'
}
