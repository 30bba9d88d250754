import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from '@latchkey/compare/refusal'
import { type Result, readResult } from '@latchkey/compare/report/result'
import { toText } from '@latchkey/compare/report/table'
import { type Test, test } from 'tap'
import { runBench } from '../../../bench/bench/command.ts'
import { example } from '../../../packages/compare/test/example.ts'
import { fakes } from './fake.ts'

type Given = Parameters<typeof runBench>[2]

/** As many rounds as can be compared. */
const figures = { ...example().figures, secretRate: { a: [10_000, 12_000, 11_000, 11_100, 11_200] } }

const bench = (changed: Partial<Result> = {}) => example({ kind: 'bench', figures, ...changed })

const slower = bench({ figures: { ...figures, secretRate: { a: [900, 950, 990, 960, 970] } } })

async function run(words: string[], given: Given = {}) {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  return { code: await runBench(words, { stdout, stderr }, given), out, err }
}

/** A folder of results, and what must not be measured. */
function withoutMeasuring(t: Test, files: Record<string, Result>) {
  const texts = Object.entries(files).map(([name, result]) => [name, JSON.stringify(result)] as const)
  const results = t.testdir(Object.fromEntries(texts))
  const stores = () => Promise.reject(new Error('it was measured'))
  return { given: { results, stores }, file: (name: string) => join(results, name) }
}

test('it is measured, kept and compared with the last result', async (t) => {
  const { place, store, stores } = fakes(t)
  const asked: unknown[] = []
  let closed = 0
  const close = async () => {
    closed += 1
  }
  const empty = async (what: string) => (what === 'rounds' ? [store('one')] : [])
  const results = t.testdir({ results: {} })
  const given: Given = {
    programs: place.programs,
    results: join(results, 'results'),
    now: () => new Date('2026-11-25T07:00:00Z'),
    stores: async (database) => {
      asked.push(database)
      return { ...stores, empty, close }
    }
  }
  const [json, html] = [join(results, 'it.json'), join(results, 'it.html')]
  const words = '--quick --rounds 1 --seconds 0.1 --cost 10 --retries 0 --clients 1 --accounts 1'.split(' ')
  const options = ['--save', '--json', json, '--html', html, '--database', 'postgres://ada:secret@db/x']
  const { code, out, err } = await run([...words, ...options], given)
  t.strictSame([code, asked, closed], [0, ['postgres://ada:secret@db/x'], 1])
  const kept = join(results, 'results', 'bench-2026-11-25.json')
  const result = readResult(kept)
  t.strictSame(readResult(json), result)
  t.equal(result.command, `npm run bench -- ${words.join(' ')} --save --database postgres://…`)
  t.match(readFileSync(html, 'utf8'), /^<!doctype html>/i)
  t.equal(out.includes(`\n\nKept as ${kept}.\nThere is no earlier result that was measured in this way.\n`), true)
  t.match(err, /^starting one\n/)
})

test('nothing is left of a measurement that failed', async (t) => {
  const { place, store, stores } = fakes(t)
  let closed = 0
  const given: Given = {
    programs: place.programs,
    results: t.testdir(),
    stores: async () => ({
      ...stores,
      empty: async () => [store('one', 'start')],
      close: async () => {
        closed += 1
      }
    })
  }
  t.strictSame(await run(['--save'], given), {
    code: 2,
    out: '',
    err: 'starting one\nbench: one did not start:\nno such database\n\n'
  })
  t.strictSame([closed, readdirSync(`${given.results}`)], [1, []])
})

test('a service that does not do what it has to ends it with 1, and no fault of the end hides that', async (t) => {
  const { place, store, stores } = fakes(t)
  const broken = { ...stores, empty: async () => [store('one', 'register')] }
  const close = () => Promise.reject(new Refusal('it is being used'))
  const given = { programs: place.programs, results: t.testdir(), stores: async () => ({ ...broken, close }) }
  t.strictSame(await run([], given), {
    code: 1,
    out: '',
    err: 'starting one\nbench: one: POST /register has to be answered with 201, not with 500.\n'
  })
})

test('an earlier result is told, and compared with the one before it', async (t) => {
  const { given, file } = withoutMeasuring(t, { 'bench-2026-11-24.json': bench(), 'bench-2026-11-25.json': slower })
  const first = await run(['--from', file('bench-2026-11-24.json')], given)
  const none = 'There is no earlier result that was measured in this way.'
  t.strictSame(first, { code: 0, out: `${toText(bench())}\n\n${none}\n`, err: '' })
  const second = await run(['--from', file('bench-2026-11-25.json')], given)
  t.match(second, { code: 1, out: /\n\nCompared with 2026-11-25, commit 0123456789.*\nWORSE {2}a, \/secret/ })
  const against = await run(
    ['--from', file('bench-2026-11-24.json'), '--against', file('bench-2026-11-25.json')],
    given
  )
  t.match(against, {
    code: 0,
    out: /\nbetter a, \/secret.*\nToo few rounds to compare: 7 figures, .*\nNothing got worse beyond noise\.\n$/
  })
})

test('an earlier result that no longer fits is passed over', async (t) => {
  const { given, file } = withoutMeasuring(t, { 'it.json': bench(), 'bench-2026-11-24.json': bench() })
  writeFileSync(file('bench-2026-11-25.json'), '{}')
  const { code, out, err } = await run(['--from', file('it.json')], given)
  t.match(out, /\nCompared with 2026-11-25, commit 0123456789: /)
  const why = `${file('bench-2026-11-25.json')} holds no result: /kind Expected required property`
  t.strictSame([code, err], [0, `bench: passed over: ${why}\n`])
})

test('what came with a file does not steer the terminal', async (t) => {
  const steering = bench({
    commit: 'a\x1b[31mb',
    curves: [{ title: 'c\x1b[31md', x: 'clients', label: 'e', unit: '/s', better: 'more', series: {} }]
  })
  const { given, file } = withoutMeasuring(t, { 'it.json': steering })
  const { out } = await run(['--from', file('it.json'), '--against', file('it.json')], given)
  t.notMatch(out, '\x1b')
  t.match(out, /, commit a\ufffd\[31mb; /)
  t.match(out, /\nc\ufffd\[31md: e, \/s\n/)
  t.match(out, /\nCompared with 2026-11-25, commit a\ufffd\[31mb: /)
})

test('growth is told below the figures', async (t) => {
  const series = { a: [{ x: 1, values: [3] }] }
  const curve = { ...{ title: '/me', x: 'clients', label: 'answers', unit: '/s' }, better: 'more' as const, series }
  const { given, file } = withoutMeasuring(t, { 'it.json': bench({ curves: [curve] }) })
  const { out } = await run(['--from', file('it.json')], given)
  const table = '/me: answers, /s\n  clients  a\n  1        3.00 [3.00..3.00]'
  t.equal(
    out,
    `${toText(bench({ curves: [curve] }))}\n\n${table}\n\nThere is no earlier result that was measured in this way.\n`
  )
})

test('what is wrong is told before anything is measured, and ends with 2', async (t) => {
  const other = bench({ settings: { ...bench().settings, clients: 5 } })
  const { given, file } = withoutMeasuring(t, { 'other.json': other, 'comparison.json': example() })
  writeFileSync(file('text.json'), '{')
  const nowhere = file('absent/it.json')
  const rows: [string[], string | RegExp][] = [
    [['--rounds', '0'], /^error: option '--rounds <number>' argument '0' is invalid/],
    [['more'], /^error: too many arguments/],
    [['--from', file('absent.json')], /^bench: --from: .*ENOENT/],
    [['--against', file('text.json')], /^bench: --against: /],
    [['--against', file('comparison.json')], /holds a comparison of services, and no result of this\.\n$/],
    [
      ['--against', file('other.json')],
      `bench: --against: ${file('other.json')} was measured in another way: clients 5 in place of 16\n`
    ],
    [
      ['--json', nowhere],
      `bench: nothing can be written there: ENOENT: no such file or directory, open '${nowhere}'\n`
    ],
    [['--html', nowhere], /^bench: nothing can be written there: ENOENT/],
    [
      ['--json', file('new'), '--html', file('new')],
      `bench: ${file('new')} is named for two outputs: one would be lost\n`
    ]
  ]
  for (const [words, said] of rows) {
    const { code, out, err } = await run(words, given)
    t.match(err, said, words.join(' '))
    t.strictSame([code, out], [2, ''], words.join(' '))
  }
  const refusing = { ...given, stores: () => Promise.reject(new Refusal('no server')) }
  t.strictSame(await run([], refusing), { code: 2, out: '', err: 'bench: no server\n' })
})

test('what is not expected is thrown, and nothing is kept', async (t) => {
  const { given } = withoutMeasuring(t, {})
  await t.rejects(run(['--save'], given), { message: 'it was measured' })
  t.strictSame(readdirSync(given.results), [])
})

test('help is there', async (t) => {
  const { code, out } = await run(['--help'])
  t.match(out, /^Usage: bench \[options\]\n/)
  t.equal(code, 0)
})
