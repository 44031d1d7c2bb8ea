import { posix } from 'node:path'

import type { ClientProgram } from '../../server/client-programs.ts'

/** The name a program goes by in messages and manifests: `mysqldump`. */
export function programName({ path }: ClientProgram): string {
  return posix.basename(path)
}
