import { readdirSync } from 'node:fs'
import { test } from 'tap'

test('every test file is run: by itself, or together with those of its folder', async (t) => {
  const files = readdirSync(new URL('.', import.meta.url), { recursive: true, encoding: 'utf8' })
  const folders = files.filter((file) => file.endsWith('.test.ts')).map((file) => file.split('/').slice(0, -1)[0])
  const suites = readdirSync(new URL('suites/', import.meta.url)).map((file) => file.replace('.ts', ''))
  t.strictSame(new Set(folders), new Set([undefined, ...suites]))
})
