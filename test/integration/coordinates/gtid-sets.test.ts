import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MariadbGtidSet } from '../../../src/coordinates/mariadb-gtid-set.ts'
import { MysqlGtidSet } from '../../../src/coordinates/mysql-gtid-set.ts'
import { flavor, tier } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'

const PAIRS = tier === 'full' ? 50_000 : 4_000
const SEED = 20_261_121

let server: TestServer
let admin: Connection
beforeAll(async () => {
  server = await startServer(flavor)
  admin = await createConnection({ ...server.connection })
})
afterAll(async () => {
  admin.destroy()
  await server[Symbol.asyncDispose]()
})

async function query(sql: string, values: readonly unknown[] = []): Promise<RowDataPacket[]> {
  return (await admin.query<RowDataPacket[]>(sql, [...values]))[0]
}

describe.runIf(flavor === 'mysql')('sets of MySQL', () => {
  const UUIDS = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '4E11FA47-71CA-11E1-9E33-C80AA9429562']
  const SOURCES = UUIDS.flatMap((uuid) => [uuid, `${uuid}:blue`, `${uuid}:_red_2`])
  /** The largest number that a transaction can have. */
  const LAST = 2n ** 63n - 2n

  function randomSet(random: Random): string {
    const ranges = Array.from({ length: random.integer(0, 6) }, () => {
      const base = random.chance(0.1) ? LAST - 30n : 1n
      const from = base + BigInt(random.integer(0, 25))
      const to = from + BigInt(random.integer(0, 4))
      const space = random.chance(0.1) ? random.pick([' ', '\n']) : ''
      const range = from === to && random.chance(0.5) ? String(from) : `${from}${space}-${space}${to}`
      return `${space}${random.pick(SOURCES)}:${range}`
    })
    return ranges.join(',')
  }

  // The server writes one source a line.
  const oneLine = (set: unknown): string => String(set).replaceAll(/\s/g, '')

  test(`subset, difference, union and normal form of ${PAIRS} random pairs, tags included, are the server's`, async () => {
    const random = new Random(SEED)
    let subsets = 0
    for (let done = 0; done < PAIRS; done += 500) {
      const pairs = Array.from({ length: 500 }, () => {
        const b = randomSet(random)
        // By chance alone few sets would hold another.
        const a = random.chance(0.3) ? [b, randomSet(random)].filter((set) => set !== '').join(',') : randomSet(random)
        return [a, b] as const
      })
      const rows = await query(
        `SELECT GTID_SUBSET(b, a) AS holds, GTID_SUBTRACT(a, b) AS difference,
                GTID_SUBTRACT(CONCAT_WS(',', NULLIF(a, ''), NULLIF(b, '')), '') AS sum, GTID_SUBTRACT(a, '') AS normal
           FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, a LONGTEXT PATH '$[0]', b LONGTEXT PATH '$[1]')) AS pairs
          ORDER BY n`,
        [JSON.stringify(pairs)],
      )
      const theirs = rows.map(({ holds, difference, sum, normal }) => [
        holds === 1,
        ...[difference, sum, normal].map(oneLine),
      ])
      const ours = pairs.map(([textA, textB]) => {
        const [a, b] = [MysqlGtidSet.parse(textA), MysqlGtidSet.parse(textB)]
        return [a.contains(b), ...[a.subtract(b), a.union(b), a].map(String)]
      })
      expect(ours).toEqual(theirs)
      subsets += ours.filter(([holds]) => holds).length
    }
    expect(subsets).toBeGreaterThan(PAIRS / 5)
    expect(subsets).toBeLessThan(PAIRS * 0.8)
  })

  test('one GTID is in a set when the server says so', async () => {
    const random = new Random(SEED + 1)
    const pairs = Array.from({ length: 2_000 }, () => {
      const number = random.chance(0.1) ? LAST - BigInt(random.integer(0, 30)) : BigInt(random.integer(1, 30))
      return [randomSet(random), `${random.pick(SOURCES)}:${number}`] as const
    })
    const rows = await query(
      `SELECT GTID_SUBSET(b, a) AS holds
         FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, a LONGTEXT PATH '$[0]', b LONGTEXT PATH '$[1]')) AS pairs
        ORDER BY n`,
      [JSON.stringify(pairs)],
    )
    expect(pairs.map(([set, gtid]) => MysqlGtidSet.parse(set).includes(gtid))).toEqual(
      rows.map(({ holds }) => holds === 1),
    )
    expect(new Set(rows.map(({ holds }) => holds))).toEqual(new Set([0, 1]))
  })
})

describe.runIf(flavor === 'mariadb')('sets of MariaDB', () => {
  const SERVERS = [1, 2, 4_294_967_295]
  const DOMAINS = [0, 1, 7, 4_294_967_295]

  function randomSet(random: Random): string {
    return DOMAINS.filter(() => random.chance(0.6))
      .map((domain) => {
        const sequence = random.chance(0.1) ? 2n ** 63n - BigInt(random.integer(1, 9)) : BigInt(random.integer(1, 9))
        return `${domain}-${random.pick(SERVERS)}-${sequence}`
      })
      .join(',')
  }

  test(`a set holds another one when the server has reached it: ${PAIRS} random pairs`, async () => {
    const random = new Random(SEED)
    const answers = new Set<boolean>()
    for (let done = 0; done < PAIRS; done += 50) {
      const text = randomSet(random)
      await query('SET GLOBAL gtid_slave_pos = ?', [text])
      const set = MariadbGtidSet.parse(text)
      // The server waits for a position, and the empty one is none.
      const others = Array.from({ length: 50 }, () => randomSet(random) || '0-1-5')
      const [row] = await query(`SELECT ${others.map((_, n) => `MASTER_GTID_WAIT(?, 0) AS n${n}`).join(', ')}`, others)
      const theirs = Object.values(row ?? {}).map((waited) => waited === 0)
      const ours = others.map((other) => set.contains(MariadbGtidSet.parse(other)))
      expect({ text, others, ours }).toEqual({ text, others, ours: theirs })
      for (const answer of ours) answers.add(answer)
    }
    expect(answers).toEqual(new Set([true, false]))
    await query("SET GLOBAL gtid_slave_pos = ''")
  })

  test('the set of all transactions up to a place in the log is what the server says of the place', async () => {
    const random = new Random(SEED)
    await query('CREATE DATABASE d')
    await query('CREATE TABLE d.t (x INT)')
    let set = MariadbGtidSet.parse(await position())
    for (let i = 0; i < 400; i++) {
      if (i % 150 === 149) await query('FLUSH BINARY LOGS')
      await query(`SET gtid_domain_id = ${random.pick(DOMAINS)}, server_id = ${random.pick(SERVERS)}`)
      await query('INSERT INTO d.t VALUES (1)')
      set = set.with(String((await query('SELECT @@last_gtid AS gtid'))[0]?.['gtid']))
      expect(String(set)).toBe(String(MariadbGtidSet.parse(await position())))
    }
    const answers: { readonly file: string; readonly offset: number; readonly set: string }[] = []
    set = MariadbGtidSet.empty
    for (const { Log_name: file } of await query('SHOW BINARY LOGS')) {
      for (const { Event_type: type, Info: info, End_log_pos: offset } of await query(
        `SHOW BINLOG EVENTS IN '${file}'`,
      )) {
        const gtid = type === 'Gtid' ? /GTID (\S+)/.exec(String(info))?.[1] : undefined
        if (gtid !== undefined) set = set.with(gtid)
        else if (type === 'Xid' || type === 'Query') answers.push({ file: String(file), offset, set: String(set) })
      }
    }
    expect(answers.length).toBeGreaterThan(400)
    for (let i = 0; i < answers.length; i += 50) {
      const part = answers.slice(i, i + 50)
      const [row] = await query(
        `SELECT ${part.map((_, n) => `BINLOG_GTID_POS(?, ?) AS n${n}`).join(', ')}`,
        part.flatMap(({ file, offset }) => [file, offset]),
      )
      const theirs = Object.values(row ?? {}).map((text) => String(MariadbGtidSet.parse(String(text))))
      expect(part.map((answer) => answer.set)).toEqual(theirs)
    }
  })

  async function position(): Promise<string> {
    return String((await query('SELECT @@GLOBAL.gtid_binlog_pos AS position'))[0]?.['position'])
  }
})
