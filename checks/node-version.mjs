// Run first by the scripts that need a modern Node. npm scripts get it from the devDependency `node`, whose install
// script fetches nothing but must be allowed to run: after `npm ci --ignore-scripts` it is silently absent.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const wanted = engines.node.replace('>=', '')
const [wantedMajor, wantedMinor] = wanted.split('.').map(Number)
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  console.error(
    `mysql-pitr needs Node ${wanted} or newer, this is ${process.version} (${process.execPath}).\n` +
      'Run it through npm (`npm test`, `npm run check`), after an `npm ci` without --ignore-scripts:\n' +
      'the devDependency `node` then puts a newer one first on the path of every npm script.',
  )
  process.exit(1)
}
