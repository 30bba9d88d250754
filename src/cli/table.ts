import { STEERING } from '../printable.ts'

/** Rows in aligned columns, under their names. */
export function table(names: string[], rows: string[][]): string {
  return align([names, ...rows])
}

/** Lines of as many cells each, in aligned columns. What a stranger had us keep cannot steer the terminal. */
export function align(lines: string[][]): string {
  const shown = lines.map((line) => line.map((cell) => cell.replaceAll(STEERING, '?')))
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
