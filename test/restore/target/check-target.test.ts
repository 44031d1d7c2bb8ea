import { describe, expect, test } from 'vitest'
import type { Timeline } from '../../../src/archive/timeline.ts'
import { requireOtherServer, requireVersion } from '../../../src/restore/target/check-target.ts'
import type { ServerIdentity } from '../../../src/server/server.ts'
import { parseServerVersion } from '../../../src/server/server-version.ts'
import { at } from '../../image/facts.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const IDENTITY: ServerIdentity = { serverId: 1, hostname: 'db9', port: 3306, dataDirectory: '/var/lib/mysql/' }

function timeline(source: Timeline['source']): Timeline {
  return { id: 'timeline', flavor: 'mysql', source, createdAt: at(0) }
}

describe('a target is the source', () => {
  test('when it has the same uuid, whatever its id', async () => {
    const source = { serverId: 7, serverUuid: UUID, version: '9.7.4' }
    await expectPitrError(() => requireOtherServer(timeline(source), { identity: { ...IDENTITY, serverUuid: UUID } }), {
      code: 'TargetIsSource',
      subject: 'db9:3306',
    })
    const identity = { ...IDENTITY, serverId: 7, serverUuid: UUID.replace('3', '4') }
    expect(() => requireOtherServer(timeline(source), { identity })).not.toThrow()
  })

  test('without uuids, when it has the same id', async () => {
    const source = { serverId: 1, version: '11.8.6-MariaDB' }
    await expectPitrError(() => requireOtherServer(timeline(source), { identity: IDENTITY }), {
      code: 'TargetIsSource',
    })
    expect(() => requireOtherServer(timeline(source), { identity: { ...IDENTITY, serverId: 2 } })).not.toThrow()
  })
})

test('a target is not older than the backup, nor than any file of the log', async () => {
  const target = parseServerVersion('9.7.4-2')
  expect(() => requireVersion(target, ['9.7.4', '8.0.36-log'])).not.toThrow()
  await expectPitrError(() => requireVersion(target, ['9.7.4', '9.8.0']), {
    code: 'TargetIncompatible',
    subject: '9.7.4-2',
  })
})
