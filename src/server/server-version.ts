/** A server's version. */
export interface ServerVersion {
  /** As `SELECT VERSION()` says: `9.7.4`, `11.8.6-MariaDB-log`. */
  readonly text: string
  /** The first number. */
  readonly major: number
  /** The second number. */
  readonly minor: number
  /** The third number. */
  readonly patch: number
}

/** Reads the numbers at the start of a version text; missing ones are 0. */
export function parseServerVersion(text: string): ServerVersion {
  const [major = 0, minor = 0, patch = 0] = text.split(/[^\d]+/, 3).map(Number)
  return { text, major, minor, patch }
}

/** Negative, zero or positive: which of two versions of one flavor is older. */
export function compareServerVersions(a: ServerVersion, b: ServerVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

/** Whether a version is at least this one. */
export function isAtLeast(version: ServerVersion, major: number, minor = 0, patch = 0): boolean {
  return compareServerVersions(version, { text: '', major, minor, patch }) >= 0
}
