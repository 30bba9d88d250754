import { readFileSync } from 'node:fs'
import { test } from 'tap'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the README shows the snippets that bench/verify/run.sh runs, to the letter', (t) => {
  const readme = read('README.md')
  for (const [language, file] of [
    ['ts', 'verify.ts'],
    ['python', 'verify.py'],
    ['go', 'verify.go']
  ] as const) {
    const snippet = read(`bench/verify/${file}`).replace('package main\n\n', '')
    t.ok(readme.includes(`\`\`\`${language}\n${snippet}\`\`\`\n`), file)
  }
  t.end()
})

test('the README names every dependency, and no other', (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  const rows = read('README.md').split(/\n\| dependency \||\n\| devDependency \|/)
  for (const [index, kind] of [dependencies, devDependencies].entries()) {
    const [table = ''] = String(rows[index + 1]).split('\n\n')
    const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names]) => String(names).split(', '))
    t.strictSame(named.filter((name) => name !== '---').sort(), Object.keys(kind).sort())
  }
  t.end()
})
