import type { OperationOptions } from '../options.ts'

/** What {@link Storage.list} and {@link Storage.stat} tell of an object. */
export interface StoredObject {
  /** The whole key, `/`-separated. */
  readonly key: string
  /** Size in bytes. */
  readonly bytes: number
}

/** A part of an object. */
export interface ByteRange {
  /** First byte. */
  readonly start: number
  /** Byte behind the last one. */
  readonly end: number
}

/** What storage operations take. */
export type StorageOptions = Pick<OperationOptions, 'signal'>

/**
 * Where an archive lies: a flat set of immutable objects under `/`-separated keys. This contract is all the library asks
 * of a storage; the conformance suite in `test/storage` runs over every implementation.
 *
 * - **Keys** are `[A-Za-z0-9._=-]+` segments joined by `/`; never `.` or `..`. An implementation refuses others with `InvalidArgument`.
 * - **Atomic**: an object is visible whole or not at all, also after a crash of this process or machine at any moment.
 * - **Durable**: when `write` resolves, the object survives a crash of the machine.
 * - **Written once**: writing a key that exists compares the bytes: equal resolves, different rejects with `ObjectConflict`
 *   and leaves the first object untouched, also when two writers race.
 * - **Consistent**: once `write` resolved, `read`, `stat` and `list` of any process see the object.
 * - **Cancellation**: an aborted `signal` rejects with `Aborted` and leaves no partial object.
 * - **Errors** are `PitrError`: `ObjectMissing`, `ObjectConflict`, `Aborted`, else `StorageFailed` with the cause.
 */
export interface Storage {
  /** Names the place in messages: `/backups/shop`. Never holds a secret. */
  readonly description: string
  /** All objects whose key starts with `prefix` (a whole number of key segments, ending in `/`, or empty), in ascending key order. */
  list(prefix: string, options?: StorageOptions): AsyncIterable<StoredObject>
  /** The bytes of an object, or of a range of it. Rejects (at the call or at the first byte) with `ObjectMissing`. */
  read(key: string, options?: StorageOptions & { readonly range?: ByteRange | undefined }): AsyncIterable<Uint8Array>
  /** Writes an object once; consumes `body` with back-pressure. Returns the bytes written. When `body` throws, nothing becomes visible and its error is passed on. */
  write(
    key: string,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options?: StorageOptions,
  ): Promise<StoredObject>
  /** Size of an object, or undefined when there is none. */
  stat(key: string, options?: StorageOptions): Promise<StoredObject | undefined>
  /** Removes an object; resolves also when there is none. */
  delete(key: string, options?: StorageOptions): Promise<void>
}
