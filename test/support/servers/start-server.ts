import { dockerProvider } from './docker.ts'
import { environmentProvider } from './environment.ts'
import { noServerError, ProviderUnavailable } from './errors.ts'
import type { FailedAttempt } from './errors.ts'
import { packagesProvider } from './packages.ts'
import { pathProvider } from './path.ts'
import type { Flavor, Provider, Start, StartOptions, TestServer } from './types.ts'

/** The ways to come by a server, in the order they are tried. */
const PROVIDERS: readonly Provider[] = [environmentProvider, pathProvider, dockerProvider, packagesProvider]

const found = new Map<Flavor, Promise<Start>>()

/**
 * Starts a real server for a test: from the environment, the PATH, Docker or Debian packages, whichever comes first.
 * It is empty: no user databases, no GTIDs, an administrator with a password of its own.
 *
 * @throws Error when no way is open: it lists each way, why it failed and what to install.
 * @example
 * await using server = await startServer('mysql', { options: ['--binlog-format=STATEMENT'] })
 */
export async function startServer(flavor: Flavor, options: StartOptions = {}): Promise<TestServer> {
  let start = found.get(flavor)
  if (start === undefined) {
    start = findProvider(flavor, PROVIDERS, process.env['MYSQL_PITR_TEST_PROVIDER'])
    found.set(flavor, start)
  }
  return (await start)(options)
}

/** Asks one provider after the other; `forced` names the only one allowed. */
export async function findProvider(
  flavor: Flavor,
  providers: readonly Provider[],
  forced: string | undefined,
): Promise<Start> {
  const attempts: FailedAttempt[] = []
  for (const provider of allowed(providers, forced)) {
    try {
      return await provider.prepare(flavor)
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error
      attempts.push({ provider: provider.name, error })
    }
  }
  throw noServerError(flavor, attempts)
}

function allowed(providers: readonly Provider[], forced: string | undefined): readonly Provider[] {
  if (forced === undefined || forced === '') return providers
  const chosen = providers.filter((provider) => provider.name === forced)
  if (chosen.length > 0) return chosen
  const names = providers.map((provider) => provider.name).join(', ')
  throw new Error(`MYSQL_PITR_TEST_PROVIDER is one of ${names}, not ${JSON.stringify(forced)}`)
}
