import { expect, test } from 'vitest'
import { describeProgress, ProgressLine } from '../../src/cli/progress-line.ts'
import type { Progress } from '../../src/index.ts'

const REPLAY: Progress = {
  kind: 'restore:replay',
  status: 'running',
  subject: 'binlog.000002',
  bytes: 12_345_678,
  totalBytes: 27_000_000,
  transactions: 8211,
  percent: 45.7,
  elapsedMs: 3000,
  remainingMs: 3560,
}

test('work in progress tells what, how far, how much and how long still', () => {
  expect(describeProgress(REPLAY)).toBe(
    'restore:replay   binlog.000002  45.7 %  12.3 MB  8,211 transactions  3.6 s left',
  )
})

test('finished work tells how long it took', () => {
  const { remainingMs: _, ...rest } = REPLAY

  expect(describeProgress({ ...rest, status: 'finished', percent: 100, elapsedMs: 125_000 })).toBe(
    'restore:replay   binlog.000002  100.0 %  12.3 MB  8,211 transactions  2 min 5 s',
  )
})

test('what is unknown is left out', () => {
  const progress: Progress = {
    kind: 'backup:dump',
    status: 'running',
    subject: 'all databases',
    bytes: 0,
    elapsedMs: 1,
  }

  expect(describeProgress(progress)).toBe('backup:dump      all databases')
})

test.each([
  [1, '1 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_960, '1.0 MB'],
  [2_500_000_000, '2.5 GB'],
  [7_000_000_000_000_000, '7000.0 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(describeProgress({ ...REPLAY, bytes })).toContain(`  ${text}  `)
})

test.each([
  [59_960, '1 min 0 s'],
  [119_600, '2 min 0 s'],
])('%d milliseconds are %s', (remainingMs, text) => {
  expect(describeProgress({ ...REPLAY, remainingMs })).toContain(`  ${text} left`)
})

test('where there is no terminal, one line a finished phase is written', () => {
  const { out, written } = recorder({ isTTY: false })
  const line = new ProgressLine(out)
  line.show({ ...REPLAY, status: 'started' })
  line.show(REPLAY)
  line.show({ ...REPLAY, status: 'finished' })
  line.close()

  expect(written().split('\n')).toEqual([expect.stringMatching(/^restore:replay .* 3\.0 s$/), ''])
})

test('on a terminal a report replaces the one before and is never wider than the terminal', () => {
  const { out, written } = recorder({ isTTY: true, columns: 30 })
  const line = new ProgressLine(out)
  line.show(REPLAY)
  line.show(REPLAY)

  const reports = written().split('\r\u001B[K')
  expect(reports).toEqual(['', expect.stringMatching(/^.{29}$/), expect.stringMatching(/^.{29}$/)])
})

test('a drawn line is left before other output', () => {
  const { out, written } = recorder({ isTTY: true, columns: 80 })
  const line = new ProgressLine(out)
  line.show(REPLAY)
  line.close()
  line.close()

  expect(written().match(/\n/g)).toHaveLength(1)
})

/** A stream that keeps what is written, with the two facts about terminals that matter. */
function recorder(terminal: { readonly isTTY: boolean; readonly columns?: number }) {
  const texts: string[] = []
  const out = { ...terminal, write: (text: string) => texts.push(text) > 0 }
  return { out: out as unknown as NodeJS.WriteStream, written: () => texts.join('') }
}
