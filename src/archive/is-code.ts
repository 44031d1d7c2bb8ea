import { PitrError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'

/** Whether an error is one of ours with this code. */
export function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof PitrError && error.code === code
}
