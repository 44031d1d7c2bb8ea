import { execa } from 'execa'
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'

/** What one process runs, and the library it loads. */
export interface BuiltProgram {
  readonly program: string
  readonly library: string
}

/** The library as it is shipped, and a program that uses it, as JavaScript: compiling on the fly would be measured, too. */
export async function buildProgram(source: string, folder: string): Promise<BuiltProgram> {
  const root = join(import.meta.dirname, '../..')
  const programs = join(folder, 'package', 'dist')
  await execa('tsc', ['-p', 'tsconfig.build.json', '--outDir', programs], { cwd: root, preferLocal: true })
  await symlink(join(root, 'node_modules'), join(folder, 'package', 'node_modules'))
  await copyFile(join(root, 'package.json'), join(folder, 'package', 'package.json'))
  const program = join(folder, `${basename(source, '.ts')}.mjs`)
  await writeFile(program, stripTypeScriptTypes(await readFile(source, 'utf8')))
  return { program, library: join(programs, 'index.js') }
}
