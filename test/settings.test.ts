import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { VARIABLES } from '../src/config/environment.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('every setting is tried on the built service, and documented', (t) => {
  const files: [file: string, mention: (name: string) => RegExp][] = [
    ['bench/settings.ts', (name) => new RegExp(`^  ${name}\\b`, 'm')],
    ['.env.example', (name) => new RegExp(`^#${name}=`, 'm')],
    ['docs/configuration.md', (name) => new RegExp(`^\\| .*\`${name}\``, 'm')]
  ]
  for (const [file, mention] of files) {
    const text = read(file)
    t.strictSame(
      VARIABLES.filter((name) => !mention(name).test(text)),
      [],
      file
    )
  }
  t.end()
})
