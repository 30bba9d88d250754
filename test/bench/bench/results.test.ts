import { join } from 'node:path'
import { Refusal } from '@latchkey/compare/refusal'
import { test } from 'tap'
import { difference, lastResult, nextFile, readBench } from '../../../bench/bench/results.ts'
import { example } from '../../../packages/compare/test/example.ts'

const { settings } = example()
const bench = (commit: string, changed: Parameters<typeof example>[0] = {}) =>
  JSON.stringify(example({ kind: 'bench', commit, ...changed }))

test('a file is read that holds a result of this program', (t) => {
  const folder = t.testdir({ 'ours.json': bench('ours'), 'other.json': JSON.stringify(example()), 'text.json': 'no' })
  const file = (name: string) => join(folder, name)
  t.equal(readBench('--from', file('ours.json')).commit, 'ours')
  t.throws(
    () => readBench('--against', file('other.json')),
    new Refusal(`--against: ${file('other.json')} holds a comparison of services, and no result of this.`)
  )
  for (const name of ['text.json', 'absent.json']) {
    t.throws(() => readBench('--from', file(name)), { constructor: Refusal, message: /^--from: / }, name)
  }
  t.end()
})

test('what was measured in another way is not compared', (t) => {
  t.equal(difference(settings, { ...settings, rounds: 1, seconds: 1 }), undefined)
  t.equal(
    difference(settings, { ...settings, clients: 4, storm: 8 }),
    'clients 4 in place of 16, storm 8 in place of 32'
  )
  t.end()
})

test('the last result is the newest of its kind', (t) => {
  const folder = t.testdir({
    'bench-2026-11-24.json': bench('first'),
    'bench-2026-11-25.json': bench('second'),
    'bench-2026-11-25-2.json': bench('third'),
    'bench-2026-11-25-10.json': bench('fourth'),
    'bench-2026-11-26.json': bench('quick', { settings: { ...settings, clients: 4 } }),
    'bench-2026-11-27.json.old': '',
    'soak.md': ''
  })
  const silent = () => t.fail('something was passed over')
  t.equal(lastResult(folder, settings, silent)?.commit, 'fourth')
  t.equal(lastResult(folder, { ...settings, clients: 4 }, silent)?.commit, 'quick')
  t.equal(lastResult(folder, { ...settings, clients: 5 }, silent), undefined)
  const before = (file: string) => lastResult(folder, settings, silent, file)?.commit
  t.equal(before(join(folder, 'bench-2026-11-25-10.json')), 'third')
  t.equal(before(join(folder, 'bench-2026-11-25-2.json')), 'second')
  t.equal(before(join(folder, 'bench-2026-11-24.json')), undefined)
  t.equal(before('/elsewhere/bench-2026-11-24.json'), 'fourth')
  t.end()
})

test('what no longer fits is passed over, and what is older than the one that counts is not read', (t) => {
  const folder = t.testdir({
    'bench-2026-11-23.json': 'no JSON',
    'bench-2026-11-24.json': bench('first'),
    'bench-2026-11-25.json': JSON.stringify(example()),
    'bench-2026-11-26.json': '{"kind": "bench"}'
  })
  const file = (day: number) => join(folder, `bench-2026-11-${day}.json`)
  const told: string[] = []
  t.equal(lastResult(folder, settings, (what) => told.push(what))?.commit, 'first')
  t.strictSame(told, [
    `passed over: ${file(26)} holds no result: /at Expected required property`,
    `passed over: ${file(25)} holds a comparison of services, and no result of this.`
  ])
  t.end()
})

test('a result of the same day stands beside the others', (t) => {
  const at = new Date('2026-11-25T07:00:00Z')
  const empty = t.testdir()
  t.equal(nextFile(empty, at), join(empty, 'bench-2026-11-25.json'))
  const files = [
    'bench-2026-11-25.json',
    'bench-2026-11-25-9.json',
    'bench-2026-11-25-10.json',
    'bench-2026-11-26.json'
  ]
  const folder = t.testdir(Object.fromEntries(files.map((file) => [file, ''])))
  t.equal(nextFile(folder, at), join(folder, 'bench-2026-11-25-11.json'))
  t.end()
})
