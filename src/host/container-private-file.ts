import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'

import { PitrError } from '../errors.ts'
import { withoutSecrets } from '../secrets.ts'
import type { Host, PrivateFile, RunningProgram } from './host.ts'

/** Longer than any number of a process. */
const NUMBER_BYTES = 32

// The name goes away before the content comes, and the file with the shell, which lives until its input ends: when whoever
// holds that ends, however it does, nothing is left. The content goes through standard input: arguments and variables can
// be read by others.
const HOLD = `
umask 077 && set -C && exec 3>"$1" && rm -f -- "$1" || exit
between=
while IFS= read -r line && [ "$line" != "$2" ]; do
  printf "$between%s" "$line" >&3 || exit
  between='\\n'
done
echo "$$"
exec cat >/dev/null`

/**
 * A private file in a container, held open by a shell there: programs of the same account read it through
 * [/proc/pid/fd](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html).
 */
export async function containerPrivateFile(
  host: Pick<Host, 'description' | 'run'>,
  content: string,
): Promise<PrivateFile> {
  const end = randomUUID()
  const shell = await host.run('sh', ['-c', HOLD, 'sh', `/tmp/mysql-pitr-${randomUUID()}`, end])
  shell.stdin.write(`${content}\n${end}\n`)
  const process = await numberIn(shell.stdout)
  if (process === undefined) throw await notWritten(host, shell)
  return {
    path: `/proc/${process}/fd/3`,
    async [Symbol.asyncDispose]() {
      shell.stdin.end()
      await shell.ended
      await shell[Symbol.asyncDispose]()
    },
  }
}

async function numberIn(stdout: Readable): Promise<string | undefined> {
  let text = ''
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.includes('\n') || text.length > NUMBER_BYTES) break
  }
  return /^(\d+)\n/.exec(text)?.[1]
}

async function notWritten({ description }: Pick<Host, 'description'>, shell: RunningProgram): Promise<PitrError> {
  shell.stdin.end()
  const { stderr } = await shell.ended
  await shell[Symbol.asyncDispose]()
  return new PitrError('ProgramFailed', {
    subject: description,
    message: `a private file could not be written in ${description}: ${withoutSecrets(stderr.trim())}`,
    hint: 'Check that the container runs and that /tmp in it can be written.',
  })
}
