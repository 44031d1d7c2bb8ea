import type { ReplayFile, ReplayNotes } from '../replayer.ts'
import type { LogPiece } from './read-pieces.ts'
import { textRisk } from './text-risk.ts'

/** Notes what is executed as text, as far as the GTIDs of the server will not tell whether it was. */
export class NotedText {
  readonly #notes: ReplayNotes
  readonly #fileId: string
  readonly #ddlIsAtomic: boolean
  #begun = false
  #keepsState = false
  #end = 0

  constructor(notes: ReplayNotes, { fileId }: Pick<ReplayFile, 'fileId'>, ddlIsAtomic: boolean) {
    this.#notes = notes
    this.#fileId = fileId
    this.#ddlIsAtomic = ddlIsAtomic
  }

  /** The piece is going to be executed. */
  async add({ ends }: Pick<LogPiece, 'ends'>): Promise<void> {
    const risk = ends === undefined ? 'part' : textRisk(ends, this.#ddlIsAtomic)
    if (ends !== undefined) this.#end = ends.end
    this.#keepsState ||= risk === 'session'
    if (this.#begun || (risk === 'none' && this.#notes.placeSql === undefined)) return
    this.#begun = true
    await this.#notes.textBegins()
  }

  /** Everything was executed. */
  async end(): Promise<void> {
    if (this.#begun) await this.#notes.textEnds({ fileId: this.#fileId, end: this.#end }, this.#keepsState)
  }
}
