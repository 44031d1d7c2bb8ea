/** Maps with at most `limit` calls at a time; results in the order of the items. The first error ends it, once no call is running any more. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const pending = items.entries()
  let failed = false
  const work = async () => {
    for (const [i, item] of pending) {
      if (failed) return
      try {
        results[i] = await map(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work))
  const broken = workers.find((worker) => worker.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  return results
}
