import { readFileSync } from 'node:fs'
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

const points = read('docs/COMPARISON.md')
  .split(/^## (?=\d)/m)
  .slice(1)
  .map((point) => [point.split('\n', 1)[0] as string, snippetsOf(point)] as const)

test('docs/COMPARISON.md shows our own code to the letter', async (t) => {
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
