import { PitrError } from '../errors.ts'

/** The longest key: what S3 takes. */
const MAX_KEY_LENGTH = 1024

/** The longest part of a key between two `/`: what file systems take as one name. */
const MAX_KEY_SEGMENT_LENGTH = 255

const SEGMENT = /^[A-Za-z0-9._=-]+$/

/** Whether `text` can stand between two `/` of a key. */
export function isKeySegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..' && text.length <= MAX_KEY_SEGMENT_LENGTH
}

/** Throws `InvalidArgument` when `key` is not a key by the contract of {@link Storage}. */
export function checkKey(key: string): void {
  if (key.length > MAX_KEY_LENGTH || !key.split('/').every(isKeySegment)) throw invalid('key', key)
}

/** Throws `InvalidArgument` when `prefix` is neither empty nor whole key segments with a `/` at the end. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return
  if (!prefix.endsWith('/')) throw invalid('prefix', prefix)
  checkKey(prefix.slice(0, -1))
}

function invalid(what: 'key' | 'prefix', text: string): PitrError {
  // Escaped and cut: a key can come out of a damaged archive.
  const shown = JSON.stringify(text.slice(0, 200))
  return new PitrError('InvalidArgument', {
    subject: shown,
    message: `${shown} cannot be used as a ${what}`,
    hint:
      'Keys are parts of letters, digits, ".", "_", "=" and "-", joined by "/"; no part is "." or "..".' +
      (what === 'prefix' ? ' A prefix is whole parts and ends in "/".' : ''),
  })
}
