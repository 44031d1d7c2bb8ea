// The rooms of src/, top to bottom. A room imports only rooms below its own line; those of one line
// form a region and may import each other. The rules are made from this list: to add a room, add it here.
const ROOMS = [
  // Above the public surface: the command is its user.
  ['cli/'],
  ['index.ts'],
  ['manager.ts'],
  ['restore/'],
  ['backup/'],
  ['archive/'],
  ['storage/'],
  ['server/'],
  ['host/'],
  ['binlog/'],
  ['image/'],
  ['coordinates/'],
  ['errors.ts', 'progress.ts', 'options.ts', 'secrets.ts'],
]

// Which rooms may import what comes from outside.
const OUTSIDE = [
  { what: 'execa', path: npm('execa'), rooms: ['host/'] },
  // The same thing by another door: every program is started through a Host.
  { what: 'node:child_process', path: '^(node:)?child_process$', rooms: ['host/'] },
  { what: 'mysql2', path: npm('mysql2'), rooms: ['server/'] },
  // Manifests lie in archive/; a plan is JSON too, and another room's manifest sits in a file of that name.
  { what: 'valibot', path: npm('valibot'), rooms: ['archive/', 'image/', '.*manifest'] },
]

// Rooms of values and bytes: what they are given is all they know.
const PURE = ['binlog/', 'image/', 'coordinates/', 'errors.ts', 'progress.ts', 'options.ts', 'secrets.ts']
const INPUT_OUTPUT =
  '^(node:)?(fs|fs/promises|net|tls|http|https|http2|dgram|dns|dns/promises|os|cluster|worker_threads)$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...ROOMS.slice(1).map((rooms, i) => ({
      name: `${rooms[0].replace(/\W.*/, '')}-imports-only-downwards`,
      comment: `${rooms.join(' ')} may import only rooms below: imports point down the list in .dependency-cruiser.cjs`,
      severity: 'error',
      from: { path: inRooms(rooms) },
      to: { path: inRooms(ROOMS.slice(0, i + 1).flat()) },
    })),
    ...OUTSIDE.map(({ what, path, rooms }) => ({
      name: `only-${rooms[0].replace(/\W.*/, '')}-imports-${what}`,
      comment: `only ${rooms.join(' ')} may import ${what}`,
      severity: 'error',
      from: { path: '^src/', pathNot: inRooms(rooms) },
      to: { path },
    })),
    {
      name: 'every-file-has-a-room',
      comment: 'a file of src/ lies outside every room of .dependency-cruiser.cjs',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: inRooms(ROOMS.flat()) },
    },
    {
      name: 'every-importing-file-has-a-room',
      comment: 'a file of src/ lies outside every room of .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^src/', pathNot: inRooms(ROOMS.flat()) },
      to: {},
    },
    {
      name: 'cli-is-a-user',
      comment: 'the command holds no logic: it imports the public surface (index.ts), itself and Node, nothing else',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { pathNot: '^src/(cli/|index\\.ts$)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'values-do-no-io',
      comment: 'binlog/ image/ coordinates/ and the base files read and write nothing: bytes come in, values go out',
      severity: 'error',
      from: { path: inRooms(PURE) },
      to: { path: INPUT_OUTPUT },
    },
    { name: 'no-circular', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'src-stands-alone',
      comment: 'what is published imports nothing of the tests, benchmarks and checks',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|benchmarks|checks|dist)/' },
    },
    {
      name: 'only-declared-dependencies',
      comment: 'src/ imports only what package.json lists in "dependencies"; an unresolvable import is a typing error',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: [
          'npm-dev',
          'npm-optional',
          'npm-peer',
          'npm-no-pkg',
          'npm-unknown',
          'unknown',
          'undetermined',
        ],
      },
    },
    { name: 'no-unresolvable', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Sees `import type` too: a type is as much a dependency of a room as a function.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
}

function inRooms(rooms) {
  return `^src/(${rooms.map((room) => room.replace(/\.ts$/, '\\.ts$')).join('|')})`
}

function npm(name) {
  return `(^|node_modules/)${name}(/|$)`
}
