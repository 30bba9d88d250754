import { test } from 'tap'
import { toMarkdown } from '../../src/report/markdown.ts'
import { example } from '../example.ts'

const TABLE = `| | a | b & c |
|---|---|---|
| /secret: answers a second, /s | 11,000 | 5,500 (0.500 ×, worse) |
| /secret: CPU time a request, µs | 85.0 | – |
| login: logins a second, /s | 9.60 | 9.60 (0.990 ×, within noise) |
| login: share of bcrypt alone, % | 96.0 | 96.0 (0.990 ×, within noise) |
| /secret in a login storm: 99th percentile, ms | 3.00 | 30.0 (10.0 ×, worse) |
`

test('a table has the medians, and the ratios to the first service', (t) => {
  t.equal(toMarkdown(example()), TABLE)
  t.end()
})

test('sizes are told where one is known', (t) => {
  const size = { lines: 1234, packages: 5 }
  const targets = example().targets.map((target, index) => (index === 0 ? { ...target, size } : target))
  t.equal(toMarkdown(example({ targets })), `${TABLE}| lines of source | 1,234 | – |\n| packages installed | 5 | – |\n`)
  t.end()
})
