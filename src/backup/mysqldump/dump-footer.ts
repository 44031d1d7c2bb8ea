import { PitrError } from '../../errors.ts'

/** Longer than the last two lines of any dump. */
const TAIL_BYTES = 256

const FOOTER = /\n-- Dump completed(?: on \d{4}-\d\d-\d\d +\d{1,2}:\d\d:\d\d)?\n$/

/** Remembers the end of a dump. A dump program writes its footer only after everything else. */
export class DumpFooter {
  #tail = Buffer.alloc(0)

  /** Takes the next bytes of the dump. */
  add(chunk: Uint8Array): void {
    const tail = Buffer.concat([this.#tail, chunk.subarray(-TAIL_BYTES)])
    this.#tail = tail.subarray(-TAIL_BYTES)
  }

  /** Throws `DumpIncomplete` when the bytes so far do not end with the footer. */
  check(): void {
    if (FOOTER.test(this.#tail.toString('latin1'))) return
    throw new PitrError('DumpIncomplete', {
      subject: 'the dump',
      message: 'the dump ended without its footer "-- Dump completed": it is truncated',
      hint: 'Look for a full disk, a killed program or a lost connection where the dump program ran, and take the backup again.',
    })
  }
}
