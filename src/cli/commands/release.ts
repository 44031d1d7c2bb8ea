import { releaseTarget } from '../../index.ts'
import { connect, SERVER_OPTIONS } from '../context.ts'
import type { Command } from '../context.ts'

/** `mysql-pitr release` */
export const release: Command = {
  help: 'open a restored server that is still isolated',
  options: SERVER_OPTIONS,
  async run({ options, operation, print }) {
    await using server = await connect(options)
    await releaseTarget(server, operation)
    print(
      () => 'the server is open for everybody',
      () => ({ isolation: 'lifted' }),
    )
  },
}
