import { test } from 'tap'
import { changes, tellChange } from '../../../bench/compare/regression.ts'
import { curve, example } from './example.ts'

const last = example({
  curves: [curve],
  figures: { ...example().figures, secretRate: { a: [100, 102, 104], fastify: [200, 204, 208] } }
})
const now = (rates: number[], more: Partial<ReturnType<typeof example>> = {}) =>
  example({
    curves: [curve],
    ...more,
    figures: { ...example().figures, secretRate: { a: rates, fastify: [200, 204, 208] } }
  })

test('what got worse beyond noise', (t) => {
  const cases = [
    ['the same', [100, 102, 104], 0, 0],
    ['overlapping', [80, 85, 101], 0, 0],
    ['apart, but by little', [97, 98, 99], 0, 0],
    ['slower', [80, 81, 82], 1, 0],
    ['faster', [120, 121, 122], 0, 1]
  ] as const
  for (const [what, rates, worse, better] of cases) {
    const change = changes(now([...rates]), last)
    t.match(change, { sameMachine: true, worse: { length: worse }, better: { length: better } }, what)
  }
  const text = tellChange(changes(now([80, 81, 82]), last), last)
  t.match(text, 'Compared with 2026-11-25, commit 0123456789')
  t.match(text, 'WORSE  a, /secret, answers a second: 81.0 /s [80.0..82.0], before 102 /s [100..104]: 0.79 ×')
  t.match(tellChange(changes(last, last), last), 'Nothing got worse beyond noise.')
  t.end()
})

test('less is worse of some, and better of others', (t) => {
  const slower = now([100, 102, 104])
  slower.figures.stormP99 = { a: [9, 8, 10] }
  slower.curves = [
    {
      ...curve,
      series: {
        a: [
          { x: 8, values: [40, 41, 42] },
          { x: 9, values: [1] }
        ]
      }
    }
  ]
  const { worse } = changes(slower, last)
  t.match(worse, [/storm, 99th percentile: 9.00 ms/, /by clients, 8 clients: 41.0 \/s .* before 88.0/])
  t.end()
})

test('on another machine only ratios are compared', (t) => {
  const machine = { ...example().machine, cores: 64 }
  const faster = now([1000, 1020, 1040], { machine })
  faster.figures.secretRate = { a: [1000, 1020, 1040], fastify: [4000, 4080, 4160] }
  const change = changes(faster, last)
  t.equal(change.sameMachine, false)
  t.match(change.worse, [/to a bare Fastify: 0.25 × .*before 0.50 ×/])
  t.match(tellChange(change, last), 'on another machine: ratios alone')
  t.end()
})
