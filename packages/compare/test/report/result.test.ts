import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { readResult, writeResult } from '../../src/report/result.ts'
import { curve, example } from '../example.ts'

test('a result comes back as it was written, a line for the values of each target', (t) => {
  const file = join(t.testdir(), 'result.json')
  // What looks like values within a text stays as it is, and so do the digits of whole numbers.
  const result = example({
    curves: [curve],
    command: 'npm run compare -- [  5,  6 ]',
    machine: { ...example().machine, memory: 131_072 }
  })
  writeResult(file, result)
  t.strictSame(readResult(file), result)
  const text = readFileSync(file, 'utf8')
  t.match(text, '"b & c": [null, null, null]\n')
  t.match(text, '"a": [9.5, 9.7, 9.6],\n')
  t.end()
})

test('five digits are kept of a fraction', (t) => {
  const file = join(t.testdir(), 'result.json')
  writeResult(file, example({ bcrypt: [10.123456, 123_456.789, 0.000012345678] }))
  t.strictSame(readResult(file).bcrypt, [10.123, 123_460, 0.000012346])
  t.end()
})

test('a file that holds none is refused', (t) => {
  const [first] = example().targets
  const files = {
    text: ['{', 'it is not JSON'],
    number: ['5', '/ Expected object'],
    half: ['{"kind": "comparison"}', '/at Expected required property'],
    undated: [JSON.stringify(example({ at: 'yesterday' })), "/at Expected string to match '^\\d{4}-\\d{2}-\\d{2}T'"],
    typo: [JSON.stringify({ ...example(), figurs: {} }), '/figurs Unexpected property'],
    started: [
      JSON.stringify({ ...example(), targets: [{ ...first, start: 'KEY=hush ./server' }] }),
      '/targets/0/start Unexpected property'
    ],
    long: [
      JSON.stringify({ ...example(), targets: [{ ...first, name: 'x'.repeat(25) }] }),
      '/targets/0/name Expected string length less or equal to 24'
    ],
    zero: [
      JSON.stringify({ ...example(), curves: [{ ...curve, series: { a: [{ x: 0, values: [1] }] } }] }),
      '/curves/0/series/a/0/x Expected number to be greater than 0'
    ]
  } as const
  const folder = t.testdir(Object.fromEntries(Object.entries(files).map(([name, [text]]) => [name, text])))
  for (const [name, [, message]] of Object.entries(files)) {
    const file = join(folder, name)
    t.throws(() => readResult(file), new Error(`${file} holds no result: ${message}`), name)
  }
  t.throws(() => readResult(join(folder, 'none')), { code: 'ENOENT' })
  t.end()
})
