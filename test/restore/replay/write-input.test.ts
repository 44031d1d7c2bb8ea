import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { PipeClosed, writeInput } from '../../../src/restore/replay/write-input.ts'

test('it waits for a reader that is slow', async () => {
  const pipe = new PassThrough({ highWaterMark: 4 })
  let written = false
  const writing = writeInput(pipe, 'more than four').then(() => {
    written = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(written).toBe(false)
  pipe.resume()
  await writing
})

test('it ends when the reader goes away instead of reading', async () => {
  const pipe = new Writable({ highWaterMark: 4, write: () => {} })
  const writing = writeInput(pipe, 'more than four')
  pipe.destroy()
  await expect(writing).rejects.toThrow(PipeClosed)
  await expect(writeInput(pipe, 'again')).rejects.toThrow(PipeClosed)
})
