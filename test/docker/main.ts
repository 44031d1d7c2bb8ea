import { execa } from 'execa'
import { ProviderUnavailable } from '../support/servers/errors.ts'
import type { Flavor } from '../support/servers/types.ts'
import { findEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import { makeImage } from './make-image.ts'

// `npm run test:docker`: the quickstart and the restore tests of both flavours against servers in containers, whose
// client programs run inside them too. A machine that can have no Docker is told so and is no failure.
const FLAVORS: readonly Flavor[] = ['mysql', 'mariadb']
const TESTS = ['test/integration/restore/restore.test.ts']

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    await using engine = await findEngine()
    process.stdout.write(`Docker: ${engine.description}\n`)
    const images = await makeImages(engine)
    await tryContainer(engine, Object.values(images)[0]!)
    return await runTests({ ...engine.environment, ...images, MYSQL_PITR_TEST_PROVIDER: 'docker' })
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error
    process.stdout.write(`\n!!! THE DOCKER TESTS DID NOT RUN: ${error.message}\n!!! They need ${error.remedy}.\n\n`)
    return 0
  }
}

async function runTests(environment: Readonly<Record<string, string>>): Promise<number> {
  for (const flavor of FLAVORS) {
    if (!(await passes(environment, ['test/quickstart/main.ts', '--flavor', flavor]))) return 1
  }
  const projects = FLAVORS.flatMap((flavor) => ['--project', flavor])
  if (!(await passes(environment, ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...TESTS]))) return 1
  process.stdout.write('\nThe Docker tests ran, on both flavours.\n')
  return 0
}

async function makeImages({ environment }: Engine): Promise<Readonly<Record<string, string>>> {
  const images: Record<string, string> = {}
  for (const flavor of FLAVORS) {
    images[`MYSQL_PITR_${flavor.toUpperCase()}_IMAGE`] = await makeImage(flavor, environment)
  }
  return images
}

/** A daemon may answer where the machine does not let it run anything. */
async function tryContainer({ description, environment }: Engine, image: string): Promise<void> {
  const { failed, stderr } = await execa('docker', ['run', '--rm', '--entrypoint', '/bin/sh', image, '-c', 'exit 0'], {
    env: environment,
    reject: false,
  })
  if (failed)
    throw new ProviderUnavailable(`${description} runs no container: ${stderr}`, 'a Docker that runs containers')
}

async function passes(environment: Readonly<Record<string, string>>, args: readonly string[]): Promise<boolean> {
  const { exitCode } = await execa(process.execPath, args, {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
  })
  return exitCode === 0
}
