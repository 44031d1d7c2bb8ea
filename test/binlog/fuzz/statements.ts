import fc from 'fast-check'
import type { classifyStatement } from '../../../src/binlog/statement.ts'

type ClassifyOptions = NonNullable<Parameters<typeof classifyStatement>[2]>

const WORDS =
  'CREATE ALTER DROP RENAME TRUNCATE ANALYZE INSERT UPDATE DELETE WITH XA SET TABLE TABLES DATABASE VIEW INDEX TRIGGER ' +
  'USER SEQUENCE EVENT TEMPORARY OR REPLACE IF NOT EXISTS TO ON INTO FROM STATEMENT FOR EXCHANGE PARTITION CONVERT ' +
  'DEFINER ALGORITHM SQL SECURITY BODY WAIT ROLLBACK SAVEPOINT PASSWORD DEFAULT'
const MARKS =
  "/* */ /*! /*!50000 /*M!100100 /*!99999999 -- # ' \" ` `` \\ = @ . , ( ) ; % 1 0x x' _utf8 \n \0 \ufffd \ud800 😀 größe 日本"
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS.split(' ')) },
  { weight: 2, arbitrary: fc.constantFrom(...MARKS.split(' '), '-- ') },
  fc.constantFrom('a', 'b', '`c`', '`d`.`e`', 'a.b', "'text'"),
  fc.string({ unit: 'binary', maxLength: 8 }),
)

interface StatementCase {
  readonly sql: string
  readonly database: string
  readonly options: ClassifyOptions
}

/** Texts that look like SQL, some of them long. */
export const statements: fc.Arbitrary<StatementCase> = fc.record({
  sql: fc
    .record({
      pieces: fc.array(piece, { maxLength: 30 }),
      glue: fc.constantFrom(' ', '', '\n', '/**/'),
      times: fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, fc.nat(500)),
    })
    .map(({ pieces, glue, times }) => pieces.join(glue).repeat(times)),
  database: fc.constantFrom('shop', ''),
  options: fc.record({
    flavor: fc.constantFrom('mysql' as const, 'mariadb' as const),
    ansiQuotes: fc.boolean(),
    noBackslashEscapes: fc.boolean(),
  }),
})
