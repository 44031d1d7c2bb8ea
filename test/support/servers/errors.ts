import type { Flavor, ProviderName } from './types.ts'

/** A provider cannot give servers on this machine; the search goes on with the next one. */
export class ProviderUnavailable extends Error {
  /** What would open this way. */
  readonly remedy: string

  constructor(reason: string, remedy: string, cause?: unknown) {
    super(reason, { cause })
    this.name = 'ProviderUnavailable'
    this.remedy = remedy
  }
}

/** One provider that was tried in vain. */
export interface FailedAttempt {
  readonly provider: ProviderName
  readonly error: ProviderUnavailable
}

/** No provider can give a server of this flavour: each way that was tried, why it failed, what would help. */
export function noServerError(flavor: Flavor, attempts: readonly FailedAttempt[]): Error {
  const ways = attempts.map(
    ({ provider, error }) => `  ${provider}: ${error.message}\n    to use this way: ${error.remedy}`,
  )
  return new Error(`no ${flavor} server can be started for the tests; tried in this order:\n${ways.join('\n')}`)
}

/** A server did not start, or ended by itself: says so with the end of its error log. */
export function serverError(what: string, log: string, cause?: unknown): Error {
  const end = log.trimEnd().split('\n').slice(-25).join('\n')
  return new Error(`${what}${end === '' ? ' (its error log is empty)' : `; the end of its error log:\n${end}`}`, {
    cause,
  })
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
