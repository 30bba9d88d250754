import { MEASURES, type MeasureName, number } from './figures.ts'
import type { Result } from './result.ts'
import { rowsOf, type Told, verdictOf } from './verdicts.ts'

/** What a page of documentation tells of a comparison. */
const TOLD: MeasureName[] = [
  'secretRate',
  'secretCpu',
  'loginRate',
  'loginShare',
  'registerShare',
  'stormP99',
  'memory',
  'startUp'
]

/** The medians of a result as a table in Markdown, with the ratios to the first service. */
export function toMarkdown(result: Pick<Result, 'figures' | 'targets'>): string {
  const { targets } = result
  const names = targets.map(({ name }) => name)
  const measured = rowsOf(result)
    .filter(({ measure }) => TOLD.includes(measure))
    .map(({ measure, told }) => {
      const { title, label, unit } = MEASURES[measure]
      const cells = names.map((name) =>
        cellOf(
          measure,
          told.find(({ target }) => target === name)
        )
      )
      return [`${title}: ${label}, ${unit}`, ...cells]
    })
  const counted = (['lines', 'packages'] as const)
    .filter(() => targets.some(({ size }) => size))
    .map((what) => [
      what === 'lines' ? 'lines of source' : 'packages installed',
      ...targets.map(({ size }) => size?.[what].toLocaleString('en') ?? '–')
    ])
  const header = [`| | ${names.join(' | ')} |`, `|---|${names.map(() => '---|').join('')}`]
  return [...header, ...[...measured, ...counted].map((cells) => `| ${cells.join(' | ')} |`)]
    .map((line) => `${line}\n`)
    .join('')
}

/** Of the first service the figure alone, of the others beside it how it stands to that one's. */
function cellOf(measure: MeasureName, told: Told | undefined): string {
  if (!told) return '–'
  const { median, ratio } = told
  return ratio ? `${number(median)} (${number(ratio.median)} ×, ${verdictOf(measure, ratio)})` : number(median)
}
