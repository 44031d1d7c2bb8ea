import type { Host, ProgramEnd, RunOptions } from './host.ts'

/** The most output that is collected; these are versions and paths. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024

/** Runs a program with a small output to its end. */
export async function programOutput(
  host: Pick<Host, 'run'>,
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly input?: string | undefined } = {},
): Promise<ProgramEnd & { readonly stdout: string }> {
  await using running = await host.run(program, args, options)
  running.stdin.end(options.input ?? '')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of running.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= OUTPUT_LIMIT_BYTES) chunks.push(chunk)
  }
  return { ...(await running.ended), stdout: Buffer.concat(chunks).toString('utf8') }
}
