import { execa } from 'execa'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from './cache.ts'
import { messageOf, ProviderUnavailable } from './errors.ts'

/** Packages of one Debian suite. */
export interface DebianPackages {
  readonly suite: string
  readonly packages: readonly string[]
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Downloads packages with all they need and unpacks them into `tree`. Needs no root and installs nothing: apt works
 * in directories of its own beside the tree. It takes the mirror this machine is set up for.
 *
 * @throws ProviderUnavailable on a machine without apt, dpkg or a Debian mirror.
 */
export async function unpackDebianPackages({ suite, packages }: DebianPackages, tree: string): Promise<void> {
  const work = `${tree}.apt`
  try {
    const apt = await aptFor(suite, work)
    await apt(['install', '-d', '-y', '--no-install-recommends', ...packages])
    const archives = join(work, 'cache/archives')
    for (const file of await readdir(archives)) {
      if (file.endsWith('.deb')) await run('dpkg', ['-x', join(archives, file), tree])
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

type AptGet = (args: readonly string[]) => Promise<string>

/** An apt-get that knows this suite and nothing else of the machine. */
async function aptFor(suite: string, work: string): Promise<AptGet> {
  for (const folder of ['lists/partial', 'cache/archives/partial']) await mkdir(join(work, folder), { recursive: true })
  await writeFile(join(work, 'status'), '')
  const apt: AptGet = async (args) => run('apt-get', [...privateDirectories(work), '-qq', ...args])
  const failures: string[] = []
  for (const mirror of await debianMirrors()) {
    const options = (await exists(KEYRING)) ? `[signed-by=${KEYRING}] ` : ''
    await writeFile(join(work, 'sources.list'), `deb ${options}${mirror} ${suite} main\n`)
    try {
      await apt(['update', '--error-on=any'])
      return apt
    } catch (error) {
      failures.push(messageOf(error))
    }
  }
  throw new ProviderUnavailable(
    `no package mirror of this machine has Debian's suite ${suite}${failures.map((failure) => `\n    ${failure}`).join('')}`,
    'a Debian machine whose package mirror can be reached',
  )
}

function privateDirectories(work: string): readonly string[] {
  const directories = {
    'Dir::State': work,
    'Dir::State::Lists': `${work}/lists`,
    'Dir::State::status': `${work}/status`,
    'Dir::Cache': `${work}/cache`,
    'Dir::Etc::SourceList': `${work}/sources.list`,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    // apt's own download user may not reach a folder of ours.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  return Object.entries(directories).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

/** The addresses this machine takes its packages from: never written down anywhere, they differ from place to place. */
async function debianMirrors(): Promise<readonly string[]> {
  const lines = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  return [...new Set(lines.split('\n').filter((line) => line !== ''))]
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const result = await execa(program, args, { env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }, reject: false })
  if (!result.failed) return result.stdout
  if (result.code === 'ENOENT') {
    throw new ProviderUnavailable(`${program} is not on this machine`, 'Debian or a system made from it')
  }
  throw new ProviderUnavailable(
    `${program} ${args.at(-1) ?? ''} failed: ${result.stderr.trim().split('\n').slice(-5).join('\n    ')}`,
    'a package mirror that can be reached (apt-get update must work)',
    result,
  )
}
