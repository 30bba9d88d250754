import { median } from '../measure/statistics.ts'
import { escapeHtml } from './escape-html.ts'
import { heading, MEASURES, type MeasureName, number } from './figures.ts'
import type { Result } from './result.ts'
import { type Row, rowsOf } from './verdicts.ts'

/** What a picture shows, each in a panel of its own. */
const DRAWN: MeasureName[] = ['secretRate', 'secretCpu', 'loginShare', 'stormP99', 'memory', 'startUp']

/** Sizes, in pixels. */
const COLUMNS = 3
const PANEL = { width: 290, gap: 24, heading: 46, row: 26 }
const MARGIN = 20
const FOOTER = 30
/** The room for a letter of a name before its bar, and for the figure after it. */
const LETTER = 7.5
const FIGURE = 62
const BAR_HEIGHT = 14

/** It stands by itself, so that it can be shown as an image: on a light page, and on a dark one. */
const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.note { font-size: 11px; fill: #59636e; }
.value { font-weight: 600; }
.bar { fill: #9aa4b2; }
.first { fill: #2f6fdb; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #9198a1; }
  .bar { fill: #6e7681; }
  .first { fill: #6da0ff; }
}`

/** The medians of a result as an SVG picture: a panel for each measure, and in it a bar for each service. */
export function toPicture(result: Result): string {
  const rows = rowsOf(result).filter(({ measure }) => DRAWN.includes(measure))
  const panel = PANEL.heading + result.targets.length * PANEL.row
  const lines = Math.ceil(rows.length / COLUMNS)
  const width = 2 * MARGIN + COLUMNS * PANEL.width + (COLUMNS - 1) * PANEL.gap
  const height = 2 * MARGIN + lines * panel + Math.max(0, lines - 1) * PANEL.gap + FOOTER
  const names = result.targets.map(({ name }) => name).join(', ')
  const panels = rows.map((row, index) => {
    const x = MARGIN + (index % COLUMNS) * (PANEL.width + PANEL.gap)
    const y = MARGIN + Math.floor(index / COLUMNS) * (panel + PANEL.gap)
    return `<g transform="translate(${x} ${y})">\n${panelOf(row, result.targets[0]?.name)}\n</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeHtml(`${names}, measured side by side on ${result.at.slice(0, 10)}`)}</title>
<style>${STYLE}
</style>
${panels.join('\n')}
<text class="note" x="${MARGIN}" y="${height - MARGIN}">${escapeHtml(circumstances(result))}</text>
</svg>
`
}

/** Under which circumstances it was measured, in a line. */
function circumstances({ at, machine, settings, others }: Result): string {
  const { processor, cores } = machine
  const busy = others.length === 0 ? '' : `; other programs took ${Math.round(median(others) * 100)} % of the machine`
  return `${at.slice(0, 10)}, ${cores} cores (${processor}), rounds: ${settings.rounds}${busy}`
}

function panelOf({ measure, told }: Row, first: string | undefined): string {
  const { title, better } = MEASURES[measure]
  const left = Math.ceil(Math.max(...told.map(({ target }) => target.length)) * LETTER) + 10
  const most = Math.max(...told.map(({ median }) => median)) || 1
  const bars = told.map(({ target, median }, index) => {
    const length = Math.max(1, Math.round((median / most) * (PANEL.width - left - FIGURE)))
    const y = PANEL.heading + index * PANEL.row
    const middle = `y="${y + BAR_HEIGHT / 2}" dominant-baseline="central"`
    return [
      `<text ${middle}>${escapeHtml(target)}</text>`,
      `<rect class="${target === first ? 'bar first' : 'bar'}" x="${left}" y="${y}" width="${length}" height="${BAR_HEIGHT}" rx="3"/>`,
      `<text class="value" x="${left + length + 8}" ${middle}>${number(median)}</text>`
    ].join('\n')
  })
  return [
    `<text class="title" y="12">${escapeHtml(title)}</text>`,
    `<text class="note" y="29">${escapeHtml(`${heading(MEASURES[measure])}: ${better} is better`)}</text>`,
    ...bars
  ].join('\n')
}
