import type { Server } from '../../src/server/server.ts'

/** A moment at a statement of ours. */
export interface AtStatement {
  /** A part of the statement. */
  readonly statement: string
  readonly when: 'before' | 'behind'
}

/** A server at whose statement something happens, once. */
export function stoppingAt(
  server: Server,
  { statement, when }: AtStatement,
  stop: (close: () => Promise<void>) => unknown,
): Server {
  return {
    ...server,
    async openSession() {
      const session = await server.openSession()
      const query = session.query.bind(session)
      const close = async (): Promise<void> => await session.close()
      session.query = async (sql, values) => {
        const isIt = sql.includes(statement)
        if (isIt && when === 'before') await stop(close)
        const rows = await query(sql, values)
        if (isIt && when === 'behind') await stop(close)
        return rows
      }
      return session
    },
  }
}
