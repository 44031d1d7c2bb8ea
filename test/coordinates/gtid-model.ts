import fc from 'fast-check'

/** Every GTID of a set, one by one: the naive model. */
export type Model = ReadonlySet<string>

export const UUIDS: readonly string[] = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '4e11fa47-71ca-11e1-9e33-c80aa9429562']
const SOURCES = UUIDS.flatMap((uuid) => [uuid, `${uuid}:blue`, `${uuid}:red_2`])

/** A single GTID of MySQL with a small number, so that sets overlap. */
export const mysqlGtids: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...SOURCES), fc.integer({ min: 1, max: 12 }))
  .map(([source, number]) => `${source}:${number}`)

/** A model, and a text that names its GTIDs in some order, as intervals, with noise. */
export const mysqlSets: fc.Arbitrary<{ model: Model; text: string }> = fc
  .array(
    fc.record({
      source: fc.constantFrom(...SOURCES),
      from: fc.integer({ min: 1, max: 12 }),
      length: fc.integer({ min: 0, max: 4 }),
      upper: fc.boolean(),
      space: fc.constantFrom('', ' ', '\n'),
    }),
    { maxLength: 8 },
  )
  .map((ranges) => ({
    model: new Set(
      ranges.flatMap(({ source, from, length }) =>
        Array.from({ length: length + 1 }, (_, i) => `${source}:${from + i}`),
      ),
    ),
    text: ranges
      .map(({ source, from, length, upper, space }) => {
        const range = length === 0 ? `${from}` : `${from}${space}-${space}${from + length}`
        return `${space}${upper ? source.toUpperCase() : source}${space}:${range}${space}`
      })
      .join(','),
  }))
