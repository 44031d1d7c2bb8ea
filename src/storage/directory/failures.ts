import { PitrError } from '../../errors.ts'

/** Whether `error` is a system error with one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}

/** Runs file system calls; a system error becomes `StorageFailed`, a `PitrError` passes. `action` completes "cannot ...". */
export async function guarded<T>(action: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw error instanceof PitrError ? error : systemFailure(action, path, error)
  }
}

/** `StorageFailed` for a system error, with what to do about it. */
export function systemFailure(action: string, path: string, cause: unknown): PitrError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  const [why, hint] = REASONS[code] ?? [
    'the file system reported an error',
    'Look at the cause, and at the log of the system.',
  ]
  return storageFailed(path, `Cannot ${action} ${path}: ${why} (${code})`, hint, { code, cause })
}

/** Something in the folder that is no plain file or folder: an archive comes from elsewhere, and a link leads anywhere. */
export function notPlain(path: string): PitrError {
  return storageFailed(
    path,
    `${path} is a symbolic link or a special file; in an archive only plain files and folders are followed`,
    'Put the real file or folder there. The folder given to directoryStorage may itself be a link.',
  )
}

/** `StorageFailed` with its parts. */
export function storageFailed(
  path: string,
  message: string,
  hint: string,
  more: { readonly code?: string; readonly cause?: unknown } = {},
): PitrError {
  return new PitrError('StorageFailed', {
    subject: path,
    message,
    hint,
    details: more.code === undefined ? { path } : { path, code: more.code },
    cause: more.cause,
  })
}

const REASONS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ENOSPC: ['no space is left on the file system', 'Free some space or move the archive, then run the operation again.'],
  EDQUOT: ['the quota of the account is used up', 'Free some space or raise the quota, then run the operation again.'],
  EFBIG: [
    'the file would be larger than allowed',
    'Raise the limit on file sizes (ulimit -f) or use another file system.',
  ],
  EACCES: ['permission is denied', 'Give this account the right to read and write the folder of the archive.'],
  EPERM: [
    'the operation is not permitted',
    'The file system must allow this account to write, and know hard links (exFAT and some network shares do not).',
  ],
  ENOTSUP: ['the file system does not support it', 'Use a file system with hard links (exFAT has none).'],
  EMLINK: ['the file system does not support it', 'Use a file system with hard links.'],
  EROFS: ['the file system is read-only', 'Mount it for writing. A file system with errors may have become read-only.'],
  ENOENT: ['it does not exist', 'Check the path, and whether the disk is mounted.'],
  ENOTDIR: [
    'a part of the path is a file, not a folder',
    'Check the path; an object cannot lie below the key of another one.',
  ],
  EISDIR: ['it is a folder', 'Check the path; an object cannot have the key of a folder of others.'],
  ELOOP: ['it is a symbolic link', 'Put the real file there: links in an archive are not followed.'],
  ENAMETOOLONG: ['the path is too long', 'Use a shorter path for the archive.'],
  EIO: ['the disk reported an error', 'Check the disk; the archive on it may be damaged.'],
  ESTALE: ['the network share was replaced meanwhile', 'Mount the share again and run the operation again.'],
  EMFILE: ['too many files are open', 'Raise the limit on open files (ulimit -n).'],
}
