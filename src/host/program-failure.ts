import { PitrError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { withoutSecrets } from '../secrets.ts'
import type { ProgramEnd } from './host.ts'

/** How a program ended, fit to be shown. */
export interface DescribedEnd {
  /** `mysql ended with exit status 1: what it said`. */
  readonly message: string
  /** For the details of an error. */
  readonly details: Readonly<Record<string, unknown>>
}

/** Makes the error for a program that failed: keeps its exit status and the end of what it said. */
export function programFailure(code: ErrorCode, program: string, end: ProgramEnd, hint: string): PitrError {
  return new PitrError(code, { subject: program, hint, ...describeEnd(program, end) })
}

/** Puts the end of a program into words. What it said may quote statements: secrets are left out. */
export function describeEnd(program: string, end: ProgramEnd): DescribedEnd {
  const said = withoutSecrets(end.stderr.trim())
  const how = end.signal === undefined ? `exit status ${end.exitCode ?? 'unknown'}` : `signal ${end.signal}`
  return {
    message: `${program} ended with ${how}${said === '' ? ' and said nothing' : `: ${said}`}`,
    details: { program, exitCode: end.exitCode, signal: end.signal, stderr: said },
  }
}
