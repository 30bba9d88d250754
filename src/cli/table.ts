import { CONTROLS } from '../printable.ts'

/** Formats rows as a table with aligned columns and a header. */
export function table(names: string[], rows: string[][]): string {
  return align([names, ...rows])
}

/** Aligns the columns of rows with equally many cells. Replaces control characters with `?`: users chose the contents. */
export function align(lines: string[][]): string {
  const shown = lines.map((line) => line.map((cell) => cell.replaceAll(CONTROLS, '?')))
  const widths = shown.reduce<number[]>(
    (most, line) => line.map((cell, column) => Math.max(cell.length, most[column] ?? 0)),
    []
  )
  return shown
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}
