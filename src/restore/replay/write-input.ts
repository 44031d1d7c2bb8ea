import type { Writable } from 'node:stream'

/** The program behind a pipe stopped reading: not a reason of its own, how the program ended is. */
export class PipeClosed extends Error {
  override readonly name = 'PipeClosed'
}

/** Writes to a program's standard input and waits until it wants more. Throws {@link PipeClosed}. */
export async function writeInput(input: Writable, bytes: Uint8Array | string): Promise<void> {
  if (!input.writable) throw new PipeClosed('the program stopped reading')
  if (input.write(bytes)) return
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      input.off('drain', settle)
      input.off('close', settle)
      if (input.destroyed) reject(new PipeClosed('the program stopped reading'))
      else resolve()
    }
    input.on('drain', settle)
    input.on('close', settle)
  })
}
