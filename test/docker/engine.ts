import { execa } from 'execa'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cachedFolder } from '../support/servers/cache.ts'
import { unpackDebianPackages } from '../support/servers/debian-packages.ts'
import { ProviderUnavailable } from '../support/servers/errors.ts'
import { findProgram } from '../support/servers/path.ts'
import { SupervisedProcess } from '../support/servers/supervised-process.ts'
import { temporaryFolder } from '../support/servers/temporary-folder.ts'

/** A Docker daemon that answers. Leaving the scope ends it when it is ours. */
export interface Engine extends AsyncDisposable {
  /** Where it came from. */
  readonly description: string
  /** The environment in which `docker` and testcontainers use it. */
  readonly environment: Readonly<Record<string, string>>
}

const START_TIMEOUT_MS = 60_000

/**
 * The daemon that runs on this machine, or one of our own: of the installed programs, or of Debian's package `docker.io`
 * unpacked into the cache.
 *
 * @throws ProviderUnavailable when there can be none, with the reason.
 */
export async function findEngine(): Promise<Engine> {
  // The reaper's image could not be had where no registry is reachable; our containers are removed at the end.
  const environment = { TESTCONTAINERS_RYUK_DISABLED: 'true' }
  if ((await findProgram('docker')) !== undefined && (await answers(environment))) {
    return { description: 'the Docker daemon of this machine', environment, [Symbol.asyncDispose]: async () => {} }
  }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new ProviderUnavailable(
      'no Docker daemon answers, and only root on Linux can start one',
      'a running Docker daemon',
    )
  }
  const installed = (await findProgram('dockerd')) !== undefined && (await findProgram('docker')) !== undefined
  return installed
    ? await startEngine('dockerd of this machine', environment)
    : await startEngine("dockerd of Debian's docker.io", { ...environment, ...(await unpackedPrograms()) })
}

async function answers(environment: Readonly<Record<string, string>>): Promise<boolean> {
  const { exitCode } = await execa('docker', ['version'], { env: environment, reject: false, timeout: 10_000 })
  return exitCode === 0
}

// Of the machine's own suite: they are run by its own loader, because runc starts itself again by its file.
async function unpackedPrograms(): Promise<Readonly<Record<string, string>>> {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  if (suite === undefined) throw new ProviderUnavailable('this is no Debian', 'a running Docker daemon')
  const folder = await cachedFolder('docker', ['docker.io', suite, process.arch], async (draft) => {
    await unpackDebianPackages({ suite, packages: ['docker.io', 'iproute2'] }, draft)
  })
  const [programs, libraries] = [
    ['usr/sbin', 'usr/bin', 'sbin', 'bin'],
    [`usr/lib/${TRIPLET}`, `lib/${TRIPLET}`],
  ].map((folders) => folders.map((name) => join(folder, name)).join(delimiter))
  return { PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`, LD_LIBRARY_PATH: libraries ?? '' }
}

const TRIPLET = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'

async function startEngine(description: string, inherited: Readonly<Record<string, string>>): Promise<Engine> {
  const folder = await temporaryFolder()
  const log = join(folder, 'dockerd.log')
  const socket = `unix://${join(folder, 'docker.sock')}`
  for (const name of ['data', 'exec']) await mkdir(join(folder, name))
  const daemon = await SupervisedProcess.start(
    '/usr/bin/env',
    [
      ...Object.entries(inherited).map(([name, value]) => `${name}=${value}`),
      'dockerd',
      ...daemonArguments(folder, socket),
    ],
    log,
  )
  const environment = { ...inherited, DOCKER_HOST: socket }
  const end = async (): Promise<void> => {
    // It ends its containers and containerd itself.
    daemon.signal('SIGTERM')
    await daemon.waitForEnd(START_TIMEOUT_MS)
    await rm(folder, { recursive: true, force: true })
  }
  for (const deadline = Date.now() + START_TIMEOUT_MS; !(await answers(environment)); await sleep(200)) {
    if (daemon.ended === undefined && Date.now() < deadline) continue
    const said = (await readFile(log, 'utf8')).trim().split('\n').slice(-5).join('\n    ')
    await end()
    throw new ProviderUnavailable(
      `${description} does not run here (${daemon.ended ?? 'no answer'}):\n    ${said}`,
      'a running Docker daemon',
    )
  }
  return { description, environment, [Symbol.asyncDispose]: end }
}

// Ports are published by docker-proxy alone: no rule of the machine's firewall is touched.
function daemonArguments(folder: string, socket: string): readonly string[] {
  return [
    `--host=${socket}`,
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'pid')}`,
    '--iptables=false',
    '--ip-masq=false',
    '--ip-forward=false',
    '--userland-proxy=true',
  ]
}
