import { quoteString } from '../../server/quote.ts'
import type { Session } from '../../server/session.ts'

/** Storage engines that are no engine; as text that would be an engine without a name. */
const NO_ENGINE = /_engine$/

/** Sets a global variable to a value as `SHOW GLOBAL VARIABLES` shows it. */
export async function setGlobal(session: Session, name: string, value: string): Promise<void> {
  const text = value === '' && NO_ENGINE.test(name) ? 'NULL' : quoteString(value)
  await session.query(`SET GLOBAL ${name} = ${/^\d+$/.test(value) ? value : text}`)
}
