import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'

const root = new URL('../', import.meta.url)

test('every test file is run: by itself, or together with those of its folder', async (t) => {
  const files = ['test', 'packages']
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`)
    )
    .filter((file) => file.endsWith('.test.ts') && !file.includes('/node_modules/'))
  const suites = new URL('suites/', import.meta.url)
  const folders = readdirSync(suites).flatMap((file) =>
    [...readFileSync(new URL(file, suites), 'utf8').matchAll(/^await together\('(.+)'\)$/gm)].map(
      ([, folder = '']) => folder
    )
  )
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
