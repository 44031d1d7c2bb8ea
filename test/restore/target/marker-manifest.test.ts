import { expect, test } from 'vitest'
import type { MarkerState } from '../../../src/restore/target/marker-manifest.ts'
import { parseMarkerState, serializeMarkerState } from '../../../src/restore/target/marker-manifest.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'

const STATE: MarkerState = {
  ownGtids: '0-1-5',
  ownAccounts: [
    { account: "'app'@'%'", create: "CREATE USER 'app'@'%'", grants: ['GRANT r TO app'], role: false, locked: true },
  ],
  settings: { init_connect: '' },
  isolation: { variables: { read_only: 'OFF' }, persisted: [] },
  durability: { sync_binlog: '1' },
  loaded: {
    replayer: 'direct',
    accounts: 'none',
    user: 'root',
    counts: true,
    preserves: false,
    durable: true,
    restarted: false,
  },
}

test('what is written is read again', () => {
  expect(parseMarkerState(serializeMarkerState(STATE))).toEqual(STATE)
  const begun = { ownGtids: '', ownAccounts: [] }
  expect(parseMarkerState(serializeMarkerState(begun))).toEqual(begun)
})

test.each([
  '',
  '{}',
  'null',
  '{"version":1,"ownGtids":"","ownAccounts":[]}',
  '{"version":2,"ownGtids":1,"ownAccounts":[]}',
])('anything else is CorruptManifest: %s', async (text) => {
  await expectPitrError(() => parseMarkerState(text), { code: 'CorruptManifest' })
})
