import type { ErrorCode } from '../errors.ts'

/** One thing a preflight found. */
export interface PreflightFinding {
  /** An error makes the operation impossible or its result useless; a warning is a risk. */
  readonly severity: 'error' | 'warning'
  /** The code an operation fails with because of it. */
  readonly code: ErrorCode
  /** The setting or privilege. */
  readonly subject: string
  /** What it means for recovery. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
}
