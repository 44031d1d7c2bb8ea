import type { ServerConnection } from './types.ts'

/** The servers a variable names: comma separated `mysql://user:password@host:port`. */
export function parseServers(variable: string, value: string): readonly ServerConnection[] {
  const parts = value.split(',').map((part) => part.trim())
  const servers = parts.filter((part) => part !== '').map((part, index) => parseServer(variable, part, index + 1))
  const places = servers.map(({ host, port }) => `${host}:${port}`)
  const twice = places.find((place, index) => places.indexOf(place) !== index)
  if (twice !== undefined) throw new Error(`${variable} names ${twice} twice: a server serves one test at a time`)
  return servers
}

// The errors count the servers and do not quote them: there is a password in each.
function parseServer(variable: string, text: string, ordinal: number): ServerConnection {
  const fail = (why: string): never => {
    throw new Error(`${variable}: server ${ordinal} ${why}; write mysql://user:password@host:port`)
  }
  if (!URL.canParse(text)) fail('is not a URL')
  const url = new URL(text)
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:') fail(`is a ${url.protocol} URL`)
  if (url.hostname === '') fail('has no host')
  if (url.username === '') fail('has no user')
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}
