import type { BackupServer } from './backup-image.ts'

/**
 * Names of databases, compared as their server compares them: exactly, or without regard to case when its
 * [lower_case_table_names](https://dev.mysql.com/doc/refman/en/identifier-case-sensitivity.html) is not 0. A log holds
 * names as a statement wrote them, and in row events as the server keeps them.
 */
export class DatabaseNames {
  readonly #fold: (name: string) => string
  readonly #names: ReadonlySet<string>

  /** @param server whose names they are */
  constructor(names: readonly string[], { settings }: Pick<BackupServer, 'settings'>) {
    this.#fold = settings['lower_case_table_names'] === '0' ? (name) => name : lowerCase
    this.#names = new Set(names.map(this.#fold))
  }

  /** Whether a name means one of them. */
  has(name: string): boolean {
    return this.#names.has(this.#fold(name))
  }
}

/** Character by character, as servers do: a word's end does not count, and a dotted capital I becomes one letter. */
function lowerCase(name: string): string {
  return Array.from(name, (character) => (character === '\u0130' ? 'i' : character.toLowerCase())).join('')
}
