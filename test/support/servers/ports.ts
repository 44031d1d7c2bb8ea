import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { isCode } from './lock.ts'

/**
 * A TCP port of 127.0.0.1 that nobody listens on. Below the range that systems take outgoing ports from: a server
 * that is started again must find its port still free.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    probe.listen(port, '127.0.0.1')
    await once(probe, 'listening')
    return true
  } catch (error) {
    if (isCode(error, 'EADDRINUSE')) return false
    throw error
  } finally {
    probe.close()
  }
}
