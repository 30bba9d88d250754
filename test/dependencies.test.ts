import { readFileSync } from 'node:fs'
import { test } from 'tap'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('docs/dependencies.md names every dependency, and no other', (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  const rows = read('docs/dependencies.md').split(/\n\| dependency \||\n\| devDependency \|/)
  for (const [index, kind] of [dependencies, devDependencies].entries()) {
    const [table = ''] = String(rows[index + 1]).split('\n\n')
    const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names]) => String(names).split(', '))
    t.strictSame(named.filter((name) => name !== '---').sort(), Object.keys(kind).sort())
  }
  t.end()
})
