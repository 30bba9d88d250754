import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MEASURES, type MeasureName, number } from '@latchkey/compare/report/figures'
import { readResult } from '@latchkey/compare/report/result'
import { rowsOf, type Told, verdictOf } from '@latchkey/compare/report/verdicts'
import { test } from 'tap'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** The other two languages, whose snippets have no source here. */
const OTHERS = ['python', 'go']

/** A snippet of the page, and the file that the line above it names. */
interface Snippet {
  source: string | undefined
  language: string
  text: string
}

function snippetsOf(markdown: string): Snippet[] {
  const blocks = markdown.matchAll(/(?:^<!-- from (\S+) -->\n)?^```(\w*)\n(.*?)^```$/gms)
  return [...blocks].map(([, source, language = '', text = '']) => ({ source, language, text }))
}

const points = (read('docs/comparison.md') + read('docs/comparison-cost.md'))
  .split(/^## (?=\d)/m)
  .slice(1)
  .map((point) => [point.split('\n', 1)[0] as string, snippetsOf(point)] as const)

test('the comparison shows our own code to the letter', async (t) => {
  t.not(points.length, 0)
  for (const [title, snippets] of points) {
    await t.test(title, async (t) => {
      const ours = snippets.filter(({ language }) => !OTHERS.includes(language))
      t.not(ours.length, 0, 'has a snippet of ours')
      for (const { source, text } of ours) {
        t.type(source, 'string', 'which says where it is from')
        t.ok(read(String(source)).includes(text), `which is in ${source}`)
      }
    })
  }
})

const MEASURED: MeasureName[] = [
  'secretRate',
  'secretCpu',
  'loginRate',
  'loginShare',
  'registerShare',
  'stormP99',
  'memory',
  'startUp'
]

/** A figure as the page tells it: of the first service alone, of the others beside its. */
function cellOf(measure: MeasureName, { median, ratio }: Told): string {
  if (!ratio) return number(median)
  return `${number(median)} (${number(ratio.median)} ×, ${verdictOf(measure, ratio)})`
}

test('docs/comparison-cost.md tells the figures of the result that it names', (t) => {
  const page = read('docs/comparison-cost.md')
  const [, name = ''] = /\((\.\.\/bench\/results\/compare-[\d-]+\.json)\)/.exec(page) ?? []
  const result = readResult(fileURLToPath(new URL(name, new URL('../docs/', import.meta.url))))
  const rows = rowsOf(result).filter(({ measure }) => MEASURED.includes(measure))
  t.equal(rows.length, MEASURED.length)
  for (const { measure, told } of rows) {
    const { title, label, unit } = MEASURES[measure]
    const cells = told.map((cell) => cellOf(measure, cell))
    const line = `| ${title}: ${label}, ${unit} | ${cells.join(' | ')} |\n`
    t.ok(page.includes(line), line)
  }
  t.ok(page.includes(`commit ${result.commit}`), result.commit)
  t.end()
})
