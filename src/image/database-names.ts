import type { BackupServer } from './backup-image.ts'

/** Makes one text of all names that are one and the same to a server. */
export type NameFold = (name: string) => string

/** Every name is another one. */
export const EXACT_NAMES: NameFold = (name) => name

/** How a server compares names of databases and tables. */
export function nameFold({ settings }: Pick<BackupServer, 'settings'>): NameFold {
  return settings['lower_case_table_names'] === '0' ? EXACT_NAMES : lowerCase
}

/**
 * Names of databases, compared as their server compares them: exactly, or without regard to case when its
 * [lower_case_table_names](https://dev.mysql.com/doc/refman/en/identifier-case-sensitivity.html) is not 0. A log holds
 * names as a statement wrote them, and in row events as the server keeps them.
 */
export class DatabaseNames {
  readonly #fold: NameFold
  readonly #names: ReadonlySet<string>

  /** @param server whose names they are */
  constructor(names: readonly string[], server: Pick<BackupServer, 'settings'>) {
    this.#fold = nameFold(server)
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
