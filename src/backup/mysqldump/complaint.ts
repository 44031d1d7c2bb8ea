/** What a program complained about: its standard error without the lines that are known to mean nothing. */
export function complaintOf(stderr: string, harmless: readonly RegExp[]): string {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !harmless.some((pattern) => pattern.test(line.trim())))
    .join('\n')
}
