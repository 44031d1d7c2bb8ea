import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedFolder } from './cache.ts'
import { unpackDebianPackages } from './debian-packages.ts'
import type { DebianPackages } from './debian-packages.ts'

/** Programs to take out of Debian packages and make runnable where they were unpacked. */
export interface ProgramTreeRecipe extends DebianPackages {
  /** Names the folder in the cache. */
  readonly name: string
  readonly programs: readonly TreeProgram[]
}

/** One program of a tree. In `options` and `environment`, `$tree` is the folder of the tree, `$libraries` that of its libraries. */
export interface TreeProgram {
  /** Its path in the tree; its last part is the name it is called by. */
  readonly file: string
  /** Options it needs because it does not lie where it was built for. */
  readonly options?: readonly string[] | undefined
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** Unpacks a tree once per machine; answers the folder of scripts that run its programs by their plain names. */
export async function programTree(recipe: ProgramTreeRecipe): Promise<string> {
  const folder = await cachedFolder(
    recipe.name,
    [JSON.stringify(recipe), script('$loader', '$libraries', { file: '' })],
    async (draft) => {
      const tree = join(draft, 'tree')
      await unpackDebianPackages(recipe, tree)
      const { loader, libraries } = await findLoader(tree)
      const bin = join(draft, 'bin')
      await mkdir(bin)
      for (const program of recipe.programs) {
        const name = program.file.slice(program.file.lastIndexOf('/') + 1)
        await writeFile(join(bin, name), script(loader, libraries, program), { mode: 0o755 })
      }
    },
  )
  return join(folder, 'bin')
}

// The tree has a C library of its own, perhaps newer than the machine's: programs are run by the tree's own loader.
async function findLoader(tree: string): Promise<{ loader: string; libraries: string }> {
  for (const entry of await readdir(join(tree, 'usr/lib'))) {
    if (!entry.endsWith('-linux-gnu')) continue
    const libraries = `usr/lib/${entry}`
    const loader = (await readdir(join(tree, libraries))).find((file) => /^ld-linux.*\.so\.\d+$/.test(file))
    if (loader !== undefined) return { loader: `${libraries}/${loader}`, libraries }
  }
  throw new Error(`the unpacked packages in ${tree} hold no program loader`)
}

// Finds its tree by its own place, so that the cache may be moved. An option that must stand first stays first.
function script(loader: string, libraries: string, { file, options = [], environment = {} }: TreeProgram): string {
  const variables = Object.entries(environment).map(([name, value]) => `export ${name}="${value}"\n`)
  return `#!/bin/sh
tree=$(cd "\${0%/*}/../tree" && pwd)
libraries=$tree/${libraries}
${variables.join('')}first=
case "$1" in
--no-defaults|--print-defaults|--defaults-file=*|--defaults-extra-file=*) first=$1; shift ;;
esac
exec "$tree/${loader}" --library-path "$libraries" "$tree/${file}" \${first:+"$first"} ${options.map((option) => `"${option}" `).join('')}"$@"
`
}
