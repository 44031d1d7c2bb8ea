import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * What comes out of `transform` when `source` goes in, with back-pressure. An error of `source` comes out as it is, one of
 * the transform as `toError` makes it. Leaving early frees both.
 */
export async function* through(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  transform: Transform,
  toError: (cause: unknown) => unknown = (cause) => cause,
): AsyncGenerator<Uint8Array, void, undefined> {
  let failure: { readonly error: unknown } | undefined
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* source
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  const fed = pipeline(watched(), transform).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  try {
    for await (const chunk of transform) yield chunk as Uint8Array
    const broken = await fed
    if (broken !== undefined) throw broken.error
  } catch (error) {
    // The source's own word first: the transform only says that its input ended.
    throw failure === undefined ? toError(error) : failure.error
  } finally {
    transform.destroy()
    await fed
  }
}
