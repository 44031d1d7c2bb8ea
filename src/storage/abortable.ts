import { throwIfAborted } from '../options.ts'

/**
 * The items of `source`, until the signal is aborted: then it throws `Aborted` at once, also while `source` keeps it
 * waiting. `what` names the operation in the error.
 */
export async function* abortable<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal | undefined,
  what: string,
): AsyncGenerator<T, void, undefined> {
  throwIfAborted(signal, what)
  if (signal === undefined) {
    yield* source
    return
  }
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let finished = false
  try {
    for (;;) {
      const result = await nextUnlessAborted(iterator, signal).catch((error: unknown) => {
        finished = true
        throw error
      })
      throwIfAborted(signal, what)
      if (result?.done !== false) {
        finished = true
        return
      }
      yield result.value
    }
  } finally {
    if (!finished) await close(iterator, signal)
  }
}

/** Undefined when the signal was faster. A promise for each step, because one for all would collect a reaction a chunk. */
async function nextUnlessAborted<T>(
  iterator: AsyncIterator<T> | Iterator<T>,
  signal: AbortSignal,
): Promise<{ done: false; value: T } | { done: true } | undefined> {
  const step = Promise.withResolvers<{ done: false; value: T } | { done: true } | undefined>()
  const onAbort = () => step.resolve(undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    Promise.resolve(iterator.next()).then(
      (result) => step.resolve(result.done === true ? { done: true } : { done: false, value: result.value }),
      step.reject,
    )
    return await step.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Lets the source free what it holds. After an abort a source that hangs is not waited for, and its complaint is beside the point. */
async function close(iterator: AsyncIterator<unknown> | Iterator<unknown>, signal: AbortSignal): Promise<void> {
  const closing = Promise.resolve(iterator.return?.())
  if (signal.aborted) closing.catch(() => undefined)
  else await closing
}
