import { test } from 'tap'
import { type Change, changes, tellChange } from '../../../bench/compare/regression.ts'
import type { Result } from '../../../bench/compare/result.ts'
import { curve, example } from './example.ts'

const FASTIFY = [200, 204, 208]

const withRates = (a: (number | null)[], changed: Partial<Result> = {}, fastify: number[] = FASTIFY) =>
  example({ figures: { ...example().figures, secretRate: { a, fastify } }, curves: [curve], ...changed })

const last = withRates([100, 102, 104])
const same: Change = { sameMachine: true, sameLoad: true, worse: [], better: [], compared: 12 }

test('what got worse, or better, beyond noise', (t) => {
  const slower = 'a, /secret, answers a second: 81.0 /s [80.0..82.0], before 102 /s [100..104]: 0.794 ×'
  const faster = 'a, /secret, answers a second: 121 /s [120..122], before 102 /s [100..104]: 1.19 ×'
  const cases: [string, number[], Partial<Change>][] = [
    ['the same', [100, 102, 104], {}],
    ['overlapping', [80, 85, 101], {}],
    ['apart, but by little', [97, 98, 99], {}],
    ['slower', [80, 81, 82], { worse: [slower] }],
    ['faster', [120, 121, 122], { better: [faster] }]
  ]
  for (const [what, rates, change] of cases) t.strictSame(changes(withRates(rates), last), { ...same, ...change }, what)
  t.end()
})

test('less is worse of some, and better of others', (t) => {
  const figures = { ...last.figures, stormP99: { a: [9, 8, 10] }, secretCpu: { a: [40, 41, 42] } }
  const series = {
    a: [
      { x: 1, values: [5, 5.1, 5.2] },
      { x: 8, values: [140, 141, 142] },
      { x: 9, values: [1, 1, 1] }
    ]
  }
  t.strictSame(changes({ ...last, figures, curves: [{ ...curve, series }] }, last), {
    ...same,
    worse: [
      'a, /secret in a login storm, 99th percentile: 9.00 ms [8.00..10.0], before 3.00 ms [2.50..4.00]: 3.00 ×',
      'a, /me by clients, 1 client: 5.10 /s [5.00..5.20], before 11.0 /s [10.0..12.0]: 0.464 ×'
    ],
    better: [
      'a, /secret, CPU time a request: 41.0 µs [40.0..42.0], before 85.0 µs [80.0..90.0]: 0.482 ×',
      'a, /me by clients, 8 clients: 141 /s [140..142], before 88.0 /s [80.0..96.0]: 1.60 ×'
    ],
    compared: 10
  })
  t.end()
})

test('of fewer than three rounds nothing is said, nor of what is no longer there', (t) => {
  t.strictSame(changes(withRates([10, 11]), last), { ...same, compared: 11 })
  t.strictSame(changes(last, withRates([10, null, 11])), { ...same, compared: 11 })
  t.strictSame(changes(example({ figures: {} }), last), { ...same, compared: 0 })
  t.end()
})

test('a figure that was zero before', (t) => {
  const idle = { ...last, figures: { secretCpu: { a: [0, 0, 0] } } }
  const busy = { ...last, figures: { secretCpu: { a: [5, 5, 5] } } }
  t.strictSame(changes(busy, idle).worse, [
    'a, /secret, CPU time a request: 5.00 µs [5.00..5.00], before 0.00 µs [0.00..0.00]: ∞ ×'
  ])
  t.strictSame(changes(idle, idle).worse, [])
  t.end()
})

test('on another machine only ratios are compared', (t) => {
  const machines: Partial<Result['machine']>[] = [{ processor: 'Another' }, { cores: 64 }, { memory: 8192 }]
  for (const machine of machines) {
    const faster = withRates([1000, 1020, 1040], { machine: { ...last.machine, ...machine } }, [4000, 4080, 4160])
    t.strictSame(changes(faster, last), {
      sameMachine: false,
      sameLoad: true,
      worse: [
        'a, /secret, answers a second, to a bare Fastify: 0.250 × [0.250..0.250], before 0.500 × [0.500..0.500]: 0.500 ×'
      ],
      better: [],
      compared: 3
    })
  }
  const other = { ...last.machine, cores: 64 }
  t.strictSame(changes({ ...last, machine: other, figures: {} }, last), { ...same, sameMachine: false, compared: 0 })
  const kernel = { ...last.machine, system: 'Linux 7.0', memory: 16_000 }
  t.strictSame(changes({ ...last, machine: kernel }, last), same, 'a newer kernel is no other machine')
  t.end()
})

test('what was asked in another way is not compared', (t) => {
  const machine = { ...last.machine, cores: 64 }
  const cases: [Partial<Result['settings']>, number, number][] = [
    [{ rounds: 7, seconds: 1 }, 12, 3],
    [{ connections: 10 }, 9, 2],
    [{ clients: 4 }, 8, 1],
    [{ storm: 8 }, 10, 3],
    [{ cost: 10 }, 6, 1]
  ]
  for (const [changed, here, elsewhere] of cases) {
    const settings = { ...last.settings, ...changed }
    const sameLoad = here === 12
    t.strictSame(changes({ ...last, settings }, last), { ...same, sameLoad, compared: here })
    const there = { ...same, sameMachine: false, sameLoad, compared: elsewhere }
    t.strictSame(changes({ ...last, settings, machine }, last), there)
  }
  t.end()
})

test('it is told in words', (t) => {
  const cases: [Change, string][] = [
    [same, 'Compared with 2026-11-25, commit 0123456789: 12 figures.\nNothing got worse beyond noise.'],
    [
      { ...same, worse: ['one'], better: ['two', 'three'] },
      'Compared with 2026-11-25, commit 0123456789: 12 figures.\nWORSE  one\nbetter two\nbetter three'
    ],
    [
      { sameMachine: false, sameLoad: false, worse: [], better: [], compared: 0 },
      'Compared with 2026-11-25, commit 0123456789: 0 figures, on another machine: ratios alone, under another load: without what depends on it.\nThere is nothing of which both have enough rounds.'
    ]
  ]
  for (const [change, text] of cases) t.equal(tellChange(change, last), text)
  t.end()
})
