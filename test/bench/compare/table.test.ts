import { test } from 'tap'
import { aligned, table, toText } from '../../../bench/compare/table.ts'
import { example } from './example.ts'

test('figures with their spread, and ratios under them', (t) => {
  t.equal(
    table(example()),
    `
                            a                        b & c

/secret
  answers a second, /s      11,000 [10,000..12,000]  5,500 [5,000..6,100]
                                                     0.50 × [0.50..0.51] worse
  CPU time a request, µs    85.0 [80.0..90.0]        –

login
  logins a second, /s       9.60 [9.50..9.70]        9.60 [9.50..9.60]
                                                     0.99 × [0.99..1.01], within noise
  share of bcrypt alone, %  96.0 [95.0..97.0]        96.0 [95.0..96.0]
                                                     0.99 × [0.99..1.01], within noise

/secret in a login storm
  99th percentile, ms       3.00 [2.50..4.00]        30.0 [25.0..41.0]
                                                     10.0 × [10.0..10.3] worse`.slice(1)
  )
  t.end()
})

test('two rounds say nothing of a difference', (t) => {
  const text = table(example({ figures: { secretRate: { a: [100, 100], 'b & c': [200, 200] } } }))
  t.match(text, '2.00 × [2.00..2.00], too few rounds to say')
  t.notMatch(text, 'better')
  t.end()
})

test('a result says how it came about', (t) => {
  const text = toText(example())
  for (const part of [
    'b & c: keeps the core',
    'measured 3 times',
    'sign test',
    '10.0 [10.0..10.0] hashes',
    'took 2 % of the machine in the middle, 5 % at the most',
    'commit 0123456789; 2 cores (A Processor)'
  ]) {
    t.match(text, part)
  }
  t.notMatch(toText(example({ targets: example().targets.slice(0, 1), bcrypt: [], control: [], others: [] })), 'ratio')
  t.end()
})

test('columns are as wide as their widest cell', (t) => {
  t.equal(
    aligned([['', 'b'], ['a title that is not in the way'], ['12', '3']]),
    '    b\na title that is not in the way\n12  3'
  )
  t.end()
})
