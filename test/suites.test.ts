import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { ALONE } from './helpers/together.ts'

const root = new URL('../', import.meta.url)

const TOGETHER = /^await together\('(.+?)'(?:, \{ part: (\d), of: (\d)(, deep: false)? \})?\)$/gm

test('every test file is run: by itself, or together with those of its folder', async (t) => {
  const files = ['test', 'packages']
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`)
    )
    .filter((file) => file.endsWith('.test.ts') && !file.includes('/node_modules/'))
  const suites = new URL('suites/', import.meta.url)
  const parts = new Map<string, string[]>()
  for (const file of readdirSync(suites)) {
    const text = readFileSync(new URL(file, suites), 'utf8')
    for (const [, folder = '', part = '1', of = '1', own] of text.matchAll(TOGETHER)) {
      const pattern = own ? `^${folder}/[^/]+$` : `^${folder}/`
      parts.set(pattern, [...(parts.get(pattern) ?? []), `${part} of ${of}`])
    }
  }
  for (const [pattern, found] of parts) {
    const expected = found.map((_, index) => `${index + 1} of ${found.length}`)
    t.strictSame(found.sort(), expected, pattern)
    t.match(files.join('\n'), new RegExp(pattern, 'm'))
  }
  const settings = readFileSync(new URL('.taprc', root), 'utf8')
  for (const file of ALONE) t.ok(files.includes(file) && settings.includes(`\n  - ${file}\n`), file)
  const together = new RegExp([...parts.keys()].join('|'))
  t.strictSame(
    files.filter((file) => !together.test(file)),
    []
  )
})
