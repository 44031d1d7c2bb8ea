// Outside server/flavor/ and binlog/ nothing asks "is this MariaDB?": the other rooms are told facts. coordinates/ has
// a GTID set of each kind and must tell them apart. Reads the syntax trees of src/ and names every place that asks.
import { globSync, readFileSync } from 'node:fs'
import ts from 'typescript'

const MAY_ASK = /^src\/(server\/flavor|binlog|coordinates)\//
const FLAVOR = /^(mysql|mariadb)$/i
const IS_FLAVOR = /^is_?(mysql|mariadb)/i
const COMPARISONS = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
])

/** The places in one file that ask for the flavour, as `path:line: code`. */
export function flavorQuestions(path: string, text: string): string[] {
  if (MAY_ASK.test(path)) return []
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (asks(node)) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
      found.push(`${path}:${line + 1}: ${node.getText(file).replace(/\s+/g, ' ').slice(0, 80)}`)
    } else {
      ts.forEachChild(node, visit)
    }
  }
  visit(file)
  return found
}

function asks(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node) && COMPARISONS.has(node.operatorToken.kind)) {
    return isFlavor(node.left) || isFlavor(node.right)
  }
  if (ts.isCaseClause(node)) return isFlavor(node.expression)
  if (ts.isIdentifier(node)) return IS_FLAVOR.test(node.text)
  return ts.isObjectLiteralExpression(node) && isTableOfFlavors(node)
}

function isFlavor(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) && FLAVOR.test(node.text)
}

// `{ mysql: ..., mariadb: ... }[flavor]` is the same question, asked of a table.
function isTableOfFlavors(node: ts.ObjectLiteralExpression): boolean {
  const keys = node.properties.map(({ name }) =>
    name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? name.text : '',
  )
  return keys.includes('mysql') && keys.includes('mariadb')
}

if (import.meta.main) {
  const found = globSync('src/**/*.ts').flatMap((path) => flavorQuestions(path, readFileSync(path, 'utf8')))
  for (const question of found) console.error(`asks for the flavour: ${question}`)
  if (found.length > 0) {
    console.error('Only server/flavor/, binlog/ and coordinates/ may: let them answer with a fact the caller can use.')
    process.exit(1)
  }
}
