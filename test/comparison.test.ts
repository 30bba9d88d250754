import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { toMarkdown } from '@latchkey/compare/report/markdown'
import { toPicture } from '@latchkey/compare/report/picture'
import { type Result, readResult } from '@latchkey/compare/report/result'
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

test('docs/comparison-cost.md tells the figures of the results that it names, and has a picture of the first', (t) => {
  const page = read('docs/comparison-cost.md')
  const names = [...page.matchAll(/\((\.\.\/bench\/results\/compare-[\d-]+\.json)\)/g)].map(([, name]) => String(name))
  const results = names.map((name) => readResult(fileURLToPath(new URL(name, new URL('../docs/', import.meta.url)))))
  t.not(results.length, 0)
  for (const result of results) {
    t.ok(page.includes(toMarkdown(result)), toMarkdown(result))
    t.match(page.replaceAll('\n', ' '), `commit ${result.commit}`)
  }
  t.equal(read('docs/pictures/comparison.svg'), toPicture(results[0] as Result))
  t.end()
})
