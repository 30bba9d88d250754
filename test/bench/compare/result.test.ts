import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { readResult, writeResult } from '../../../bench/compare/result.ts'
import { curve, example } from './example.ts'

test('a result comes back as it was written, a line for the values of each target', (t) => {
  const file = join(t.testdir(), 'result.json')
  const result = example({ curves: [curve] })
  writeResult(file, result)
  t.strictSame(readResult(file), result)
  t.match(readFileSync(file, 'utf8'), '"b & c": [null, null, null]')
  t.end()
})

test('a file that holds none is refused', (t) => {
  const file = join(t.testdir(), 'result.json')
  writeFileSync(file, '{"kind": "comparison"}')
  t.throws(() => readResult(file), /result.json holds no result: \/at /)
  t.end()
})
