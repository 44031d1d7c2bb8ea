import { inspect } from 'node:util'
import { expect } from 'vitest'
import { PitrError } from '../../src/index.ts'
import type { ErrorCode } from '../../src/index.ts'

/** What an error must be. */
export interface WantedError {
  readonly code: ErrorCode
  /** The exact thing the error must name. */
  readonly subject?: string | RegExp | undefined
  /** What the message must say beside. */
  readonly message?: string | RegExp | undefined
  /** Passwords that were in play: none may be in the error. */
  readonly secrets?: readonly string[] | undefined
}

/** Waits for the failure and checks it: a `PitrError` with this code, a subject, a hint, and no secret anywhere. */
export async function expectPitrError(
  work: Promise<unknown> | (() => unknown),
  wanted: WantedError,
): Promise<PitrError> {
  const error = await failureOf(work)
  // The whole error is shown where it is another one.
  if (!(error instanceof PitrError) || error.code !== wanted.code) {
    expect.fail(`${wanted.code} was expected, but this came:\n${inspect(error, { depth: 4 })}`)
  }
  if (wanted.subject !== undefined) expectText(error.subject, wanted.subject)
  if (wanted.message !== undefined) expectText(error.message, wanted.message)
  for (const text of [error.subject, error.message, error.hint]) expect(text).toMatch(/\S{3}/)
  // A hint is a sentence that tells what to do.
  expect(error.hint).toMatch(/^[^a-z].{9,}[.!?]$/s)
  expectNoSecret(error, wanted.secrets ?? [])
  return error
}

async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<unknown> {
  let result: unknown
  try {
    result = await (typeof work === 'function' ? work() : work)
  } catch (error) {
    return error
  }
  expect.fail(`an error was expected, but this came: ${inspect(result, { depth: 1 })}`)
}

function expectText(text: string, wanted: string | RegExp): void {
  if (typeof wanted === 'string') expect(text).toContain(wanted)
  else expect(text).toMatch(wanted)
}

function expectNoSecret(error: PitrError, secrets: readonly string[]): void {
  const everything = [
    inspect(error, { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity }),
    JSON.stringify(error),
    error.stack ?? '',
  ].join('\n')
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(7)
    expect(everything.includes(secret), 'the error holds a password').toBe(false)
  }
}
