import { test } from 'tap'
import type { Result } from '../../src/report/result.ts'
import { aligned, table, toText } from '../../src/report/table.ts'
import { method } from '../../src/report/verdicts.ts'
import { example } from '../example.ts'

const TABLE = `
                            a                        b & c

/secret
  answers a second          11,000 [10,000..12,000]  5,500 [5,000..6,100]
                                                     0.500 × [0.500..0.508], worse
  CPU time a request, µs    85.0 [80.0..90.0]        –

login
  logins a second           9.60 [9.50..9.70]        9.60 [9.50..9.60]
                                                     0.990 × [0.990..1.01], within noise
  share of bcrypt alone, %  96.0 [95.0..97.0]        96.0 [95.0..96.0]
                                                     0.990 × [0.990..1.01], within noise

/secret in a login storm
  99th percentile, ms       3.00 [2.50..4.00]        30.0 [25.0..41.0]
                                                     10.0 × [10.0..10.3], worse`.slice(1)

test('figures with their spread, and ratios under them', (t) => {
  t.equal(table(example()), TABLE)
  t.end()
})

test('how much there is to read is told where it is known', (t) => {
  const [a, b] = example().targets as [Result['targets'][number], Result['targets'][number]]
  const text = toText(example({ targets: [{ ...a, size: { lines: 12_345, packages: 3 } }, b] }))
  t.match(text, '\na: keeps the core; 12,345 lines of source, 3 packages\nb & c: keeps the core\n')
  t.end()
})

test('two rounds say nothing of a difference', (t) => {
  t.equal(
    table(example({ figures: { secretRate: { a: [100, 100], 'b & c': [200, 200] } } })),
    `
                    a               b & c

/secret
  answers a second  100 [100..100]  200 [200..200]
                                    2.00 × [2.00..2.00], too few rounds to say`.slice(1)
  )
  t.end()
})

test('what only another has stands in its column, without a ratio', (t) => {
  t.equal(
    table(example({ figures: { startUp: { 'b & c': [300, 310, 320] } } })),
    `
                        a  b & c

start
  until it answers, ms  –  310 [300..320]`.slice(1)
  )
  t.end()
})

test('a result says how it came about', (t) => {
  const result = example()
  t.equal(
    toText(result),
    [
      TABLE,
      'a: keeps the core\nb & c: keeps the core',
      method(result).join('\n'),
      '2026-11-25T07:00:00.000Z, commit 0123456789; 2 cores (A Processor), 16384 MB, Linux 6.1'
    ].join('\n\n')
  )
  t.end()
})

test('columns are as wide as their widest cell', (t) => {
  t.equal(
    aligned([['', 'b'], ['a title that is not in the way'], ['12', '3']]),
    '    b\na title that is not in the way\n12  3'
  )
  t.equal(aligned([['a title alone'], []]), 'a title alone\n')
  t.end()
})
