import { PitrError } from './errors.ts'
import type { ProgressListener } from './progress.ts'

/** Where operations tell what they do. Any of `console`, pino or winston fits. Messages never hold a secret. */
export interface Logger {
  /** Detail for whoever debugs. */
  debug(message: string): void
  /** Milestones. */
  info(message: string): void
  /** Things that put recovery at risk but do not stop the operation. */
  warn(message: string): void
}

/** What every operation takes. */
export interface OperationOptions {
  /** Stops the operation; checked before any side effect. It then rejects with code `Aborted`. */
  readonly signal?: AbortSignal | undefined
  /** Called with progress of long work, at most a few times a second. */
  readonly onProgress?: ProgressListener | undefined
  /** @default a logger that drops everything */
  readonly logger?: Logger | undefined
}

/** Throws `InvalidArgument` when an option has a value that callers with types cannot give it. */
export function requireOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === 'string' && allowed.includes(value)) return
  const given = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : typeof value
  throw new PitrError('InvalidArgument', {
    subject: name,
    message: `${name} cannot be ${given}`,
    hint: `Use one of: ${allowed.join(', ')}.`,
    details: { allowed },
  })
}

/** A logger that drops everything. */
export const SILENT_LOGGER: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }

/** Throws `Aborted` when the signal was aborted. `what` names the operation: "the backup". */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (!signal?.aborted) return
  throw new PitrError('Aborted', {
    subject: what,
    message: `${what} was stopped by its signal`,
    hint: 'Nothing is lost: run the same operation again when you are ready.',
    cause: signal.reason,
  })
}
