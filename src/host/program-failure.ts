import { PitrError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { ProgramEnd } from './host.ts'

/** Makes the error for a program that failed: keeps its exit status and the end of what it said. */
export function programFailure(code: ErrorCode, program: string, end: ProgramEnd, hint: string): PitrError {
  const said = end.stderr.trim()
  const how = end.signal === undefined ? `exit status ${end.exitCode ?? 'unknown'}` : `signal ${end.signal}`
  return new PitrError(code, {
    subject: program,
    message: `${program} ended with ${how}${said === '' ? ' and said nothing' : `: ${said}`}`,
    hint,
    details: { program, exitCode: end.exitCode, signal: end.signal, stderr: said },
  })
}
