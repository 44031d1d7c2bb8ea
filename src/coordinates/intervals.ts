/**
 * Sorted, disjoint, non-touching intervals of transaction numbers, flat: `[from, to, from, to, ...]`, both ends in it.
 * Flat because a set can have 100,000 of them. Numbers are 64-bit, hence bigint.
 */
export type Intervals = readonly bigint[]

/** Sorts and merges pairs in any order, overlapping or not. */
export function normalize(pairs: Intervals): Intervals {
  if (isNormal(pairs)) return pairs
  const starts = Array.from({ length: pairs.length / 2 }, (_, i) => i * 2)
  starts.sort((a, b) => compare(at(pairs, a), at(pairs, b)))
  const merged: bigint[] = []
  for (const i of starts) append(merged, at(pairs, i), at(pairs, i + 1))
  return merged
}

/** The numbers of either. */
export function union(a: Intervals, b: Intervals): Intervals {
  const merged: bigint[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const first = j >= b.length || (i < a.length && at(a, i) <= at(b, j))
    if (first) append(merged, at(a, i), at(a, i + 1))
    else append(merged, at(b, j), at(b, j + 1))
    if (first) i += 2
    else j += 2
  }
  return merged
}

/** The numbers of `a` that are not in `b`. */
export function subtract(a: Intervals, b: Intervals): Intervals {
  const rest: bigint[] = []
  let j = 0
  for (let i = 0; i < a.length; i += 2) {
    let from = at(a, i)
    const to = at(a, i + 1)
    while (j < b.length && at(b, j + 1) < from) j += 2
    for (let k = j; k < b.length && at(b, k) <= to; k += 2) {
      if (at(b, k) > from) rest.push(from, at(b, k) - 1n)
      from = at(b, k + 1) + 1n
    }
    if (from <= to) rest.push(from, to)
  }
  return rest
}

/** The numbers of both. */
export function intersect(a: Intervals, b: Intervals): Intervals {
  return subtract(a, subtract(a, b))
}

/** Whether a number is in them. */
export function includes(ranges: Intervals, number: bigint): boolean {
  let low = 0
  let high = ranges.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (at(ranges, middle * 2 + 1) < number) low = middle + 1
    else high = middle
  }
  return low * 2 < ranges.length && at(ranges, low * 2) <= number
}

/** Whether both hold the same numbers. */
export function equals(a: Intervals, b: Intervals): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

/** How many numbers are in them. */
export function count(ranges: Intervals): bigint {
  let sum = 0n
  for (let i = 0; i < ranges.length; i += 2) sum += at(ranges, i + 1) - at(ranges, i) + 1n
  return sum
}

/** `:1-3:5`. */
export function format(ranges: Intervals): string {
  const parts: string[] = []
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [at(ranges, i), at(ranges, i + 1)]
    parts.push(from === to ? `:${from}` : `:${from}-${to}`)
  }
  return parts.join('')
}

// Joins with the last interval when it overlaps or touches it; `from` is never before the last one's.
function append(ranges: bigint[], from: bigint, to: bigint): void {
  const last = ranges.at(-1)
  if (last === undefined || from > last + 1n) ranges.push(from, to)
  else if (to > last) ranges[ranges.length - 1] = to
}

function isNormal(pairs: Intervals): boolean {
  for (let i = 2; i < pairs.length; i += 2) if (at(pairs, i) <= at(pairs, i - 1) + 1n) return false
  return true
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function at(ranges: Intervals, index: number): bigint {
  return ranges[index] as bigint
}
