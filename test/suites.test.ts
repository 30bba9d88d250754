import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'

const root = new URL('../', import.meta.url)

const TOGETHER = /^await together\('(.+?)'(?:, \{ part: (\d), of: (\d) \})?\)$/gm

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
    for (const [, folder = '', part = '1', of = '1'] of text.matchAll(TOGETHER)) {
      parts.set(folder, [...(parts.get(folder) ?? []), `${part} of ${of}`])
    }
  }
  const folders = [...parts.keys()]
  for (const [folder, found] of parts) {
    const expected = found.map((_, index) => `${index + 1} of ${found.length}`)
    t.strictSame(found.sort(), expected, folder)
  }
  const isTogether = (file: string) => folders.some((folder) => file.startsWith(`${folder}/`))
  t.strictSame(
    files.filter((file) => !isTogether(file) && !/^test\/[^/]+$/.test(file)),
    []
  )
  for (const folder of folders)
    t.ok(
      files.some((file) => file.startsWith(`${folder}/`)),
      folder
    )
})
