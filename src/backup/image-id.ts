import { randomBytes } from 'node:crypto'

/** A new image id: readable, sorted by the clock of this machine for people who list folders; order comes from positions. */
export function newImageId(now: Date = new Date()): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-${randomBytes(4).toString('hex')}`
}
