import { heading, MEASURES, number, sizeOf } from './figures.ts'
import type { Result } from './result.ts'
import { method, range, ratioOf, rowsOf } from './verdicts.ts'

const GAP = '  '

/** Formats a result for a terminal. */
export function toText(result: Result): string {
  const { machine, targets } = result
  const parts = [
    table(result),
    targets.map(({ name, contract, size }) => `${name}: ${contract}${size ? `; ${sizeOf(size)}` : ''}`).join('\n'),
    method(result).join('\n'),
    `${result.at}, commit ${result.commit}; ${machine.cores} cores (${machine.processor}), ${machine.memory} MB, ${machine.system}`
  ]
  return parts.join('\n\n')
}

/** A line for each figure, and under it how it stands to the first target. */
export function table(result: Result): string {
  const names = result.targets.map(({ name }) => name)
  const lines: string[][] = [['', ...names]]
  let last = ''
  for (const { measure, told } of rowsOf(result)) {
    const { title } = MEASURES[measure]
    if (title !== last) lines.push([], [title])
    last = title
    const cells = names.map((name) => told.find(({ target }) => target === name))
    lines.push([
      `${GAP}${heading(MEASURES[measure])}`,
      ...cells.map((cell) => (cell ? `${number(cell.median)} ${range(cell)}` : '–'))
    ])
    const ratios = cells.map((cell) => (cell?.ratio ? ratioOf(measure, cell.ratio) : ''))
    if (ratios.some(Boolean)) lines.push(['', ...ratios])
  }
  return aligned(lines)
}

/** Columns as wide as their widest cell. */
export function aligned(lines: string[][]): string {
  const widths: number[] = []
  for (const cells of lines.filter((cells) => cells.length > 1)) {
    for (const [column, { length }] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, length)
  }
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join(GAP)
        .trimEnd()
    )
    .join('\n')
}
