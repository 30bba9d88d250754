import { test } from 'tap'
import { type Change, changes, tellChange } from '../../src/report/regression.ts'
import type { Result } from '../../src/report/result.ts'
import { curve, example } from '../example.ts'

/** Five rounds about a median, each a step from the next. */
const about = (median: number, step = 1) => [-1, 2, 0, -2, 1].map((steps) => median + steps * step)

const FASTIFY = [200, 204, 206, 208, 202]

const FIGURES: Result['figures'] = {
  secretCpu: { a: about(85, 2) },
  loginShare: { a: about(96), b: about(95) },
  stormP99: { a: about(3, 0.25) }
}

const grown = { ...curve, series: { a: [1, 8].map((x) => ({ x, values: about(x * 11, x * 0.5) })) } }

const withRates = (a: (number | null)[], changed: Partial<Result> = {}, fastify: number[] = FASTIFY) =>
  example({ figures: { ...FIGURES, secretRate: { a, fastify } }, curves: [grown], ...changed })

const last = withRates([100, 102, 103, 104, 101])
const same: Change = { sameMachine: true, worse: [], better: [], compared: 8, tooFew: 0 }

test('what got worse, or better, beyond noise', (t) => {
  const slower = 'a, /secret, answers a second: 82.0 /s [80.0..84.0], before 102 /s [100..104]: 0.804 ×'
  const faster = 'a, /secret, answers a second: 122 /s [120..124], before 102 /s [100..104]: 1.20 ×'
  const cases: [string, number[], Partial<Change>][] = [
    ['the same', about(102), {}],
    ['overlapping', [80, 85, 86, 87, 101], {}],
    ['apart, but by little', [97, 98, 99, 98, 98], {}],
    ['slower', about(82), { worse: [slower] }],
    ['faster', about(122), { better: [faster] }]
  ]
  for (const [what, rates, change] of cases) t.strictSame(changes(withRates(rates), last), { ...same, ...change }, what)
  t.end()
})

test('less is worse of some, and better of others', (t) => {
  const figures = { ...last.figures, stormP99: { a: about(9, 0.5) }, secretCpu: { a: about(41) } }
  const series = {
    a: [
      { x: 1, values: about(5, 0.1) },
      { x: 8, values: about(141) },
      { x: 9, values: about(1, 0) }
    ]
  }
  t.strictSame(changes({ ...last, figures, curves: [{ ...curve, series }] }, last), {
    ...same,
    worse: [
      'a, /secret in a login storm, 99th percentile: 9.00 ms [8.00..10.0], before 3.00 ms [2.50..3.50]: 3.00 ×',
      'a, /me by clients, 1 client: 5.00 /s [4.80..5.20], before 11.0 /s [10.0..12.0]: 0.455 ×'
    ],
    better: [
      'a, /secret, CPU time a request: 41.0 µs [39.0..43.0], before 85.0 µs [81.0..89.0]: 0.482 ×',
      'a, /me by clients, 8 clients: 141 /s [139..143], before 88.0 /s [80.0..96.0]: 1.60 ×'
    ]
  })
  t.end()
})

test('of fewer than five rounds nothing is said but that, and nothing of what is no longer there', (t) => {
  t.strictSame(changes(withRates([10, 11, 12, 13]), last), { ...same, compared: 7, tooFew: 1 })
  t.strictSame(changes(last, withRates([10, null, 11, 12, 13])), { ...same, compared: 7, tooFew: 1 })
  t.strictSame(changes(withRates([null, null]), last), { ...same, compared: 7 })
  t.strictSame(changes(example({ figures: {} }), last), { ...same, compared: 0 })
  t.end()
})

test('a figure that was zero before', (t) => {
  const idle = { ...last, figures: { secretCpu: { a: about(0, 0) } } }
  const busy = { ...last, figures: { secretCpu: { a: about(5, 0) } } }
  t.strictSame(changes(busy, idle).worse, [
    'a, /secret, CPU time a request: 5.00 µs [5.00..5.00], before 0.00 µs [0.00..0.00]: ∞ ×'
  ])
  t.strictSame(changes(idle, idle).worse, [])
  t.end()
})

test('on another machine only ratios are compared', (t) => {
  const there = { ...same, sameMachine: false }
  const rates = [1000, 1020, 1030, 1040, 1010]
  const fastify = rates.map((rate) => rate * 4)
  const before = withRates(
    rates,
    {},
    rates.map((rate) => rate * 2)
  )
  const machines: Partial<Result['machine']>[] = [{ processor: 'Another' }, { cores: 64 }, { memory: 8192 }]
  for (const machine of machines) {
    const faster = withRates(rates, { machine: { ...last.machine, ...machine } }, fastify)
    t.strictSame(changes(faster, before), {
      ...there,
      worse: [
        'a, /secret, answers a second, to a bare Fastify: 0.250 × [0.250..0.250], before 0.500 × [0.500..0.500]: 0.500 ×'
      ],
      compared: 3
    })
  }
  const other = { ...last.machine, cores: 64 }
  t.strictSame(changes({ ...last, machine: other, figures: {} }, last), { ...there, compared: 0 })
  const alone = { secretRate: { a: rates } }
  t.strictSame(changes({ ...last, machine: other, figures: alone }, last), { ...there, compared: 0 }, 'no Fastify')
  const kernel = { ...last.machine, system: 'Linux 7.0', memory: 16_000 }
  t.strictSame(changes({ ...last, machine: kernel }, last), same, 'a newer kernel is no other machine')
  t.end()
})

test('it is told in words', (t) => {
  const few = 'Too few rounds to compare: 3 figures, of which one of the two has fewer than 5.'
  const cases: [Change, string][] = [
    [same, 'Compared with 2026-11-25, commit 0123456789: 8 figures.\nNothing got worse beyond noise.'],
    [
      { ...same, worse: ['one'], better: ['two', 'three'], compared: 1, tooFew: 3 },
      `Compared with 2026-11-25, commit 0123456789: 1 figure.\nWORSE  one\nbetter two\nbetter three\n${few}`
    ],
    [
      { sameMachine: false, worse: [], better: [], compared: 0, tooFew: 3 },
      `Compared with 2026-11-25, commit 0123456789: 0 figures, on another machine: ratios alone.\n${few}\nThere is nothing that could be compared.`
    ]
  ]
  for (const [change, text] of cases) t.equal(tellChange(change, last), text)
  t.end()
})
