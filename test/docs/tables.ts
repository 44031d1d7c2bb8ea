/** The rows of every Markdown table whose first column has this heading, cell by cell, in the order of the page. */
export function tableRows(page: string, firstHeading: string): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = []
  let inside = false
  for (const line of page.split('\n')) {
    const cells = cellsOf(line)
    if (cells[0] === firstHeading) inside = true
    else if (!line.startsWith('|')) inside = false
    else if (inside && !/^-+$/.test(cells[0] ?? '')) rows.push(cells)
  }
  return rows
}

function cellsOf(line: string): readonly string[] {
  if (!line.startsWith('|')) return []
  const cells = line.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'))
}
