import { readFileSync } from 'node:fs'
import { parseHTML } from 'linkedom'
import { test } from 'tap'
import { toPage } from '../../src/report/page.ts'
import type { Result } from '../../src/report/result.ts'
import { method } from '../../src/report/verdicts.ts'
import { curve, example, HOSTILE } from '../example.ts'

type Node = ReturnType<typeof parseHTML>['document']

const page = (changed: Partial<Result> = {}) => parseHTML(toPage(example(changed))).document

const texts = (node: Node, selector: string): string[] =>
  [...node.querySelectorAll(selector)].map((element) => element.textContent)

/** The section with that heading, or nothing. */
const section = (document: Node, heading: string): Node =>
  [...document.querySelectorAll('section')].find((section) => section.querySelector('h2').textContent === heading)

/** A table as it is read, row by row. */
const rows = (node: Node) => [...node.querySelectorAll('tr')].map((row) => texts(row, 'th, td'))

test('a page that needs nothing else', (t) => {
  const html = toPage(example({ curves: [curve] }))
  t.match(html, /^<!doctype html>\n<html lang="en">\n/)
  t.notMatch(html, /NaN|undefined|Infinity|null/)
  t.notMatch(html, /<script|<link|<img|@import|url\(|src=/)
  // Our own command aside, it names no other place.
  t.strictSame(html.match(/https?:\/\/[^\s"'<&;)]+/g), ['http://127.0.0.1:1', 'http://127.0.0.1:2'])
  t.end()
})

test('it begins with what a reader takes home', (t) => {
  const header = page().querySelector('header')
  t.strictSame(texts(header, 'p, h1, time, li'), [
    'One contract, measured · 25 November 2026',
    '25 November 2026',
    'a and b & c, side by side',
    'With a at 100 %: of the answers a second of a guarded route, b & c 50.0\u00a0%; of the logins a second, b & c the same within noise.',
    'a',
    'b & c',
    'In the charts each dot is a round, and each thick mark the median of the rounds. In the tables the least and the most of them follow in brackets, and 2.00 × means twice the figure of a.'
  ])
  const targets = ['x', 'y', 'z'].map((name) => ({ name, url: '', contract: '', differences: [] }))
  const loginRate = { x: [1, 1], y: [2, 2], z: [3] }
  const [, title, lead] = texts(page({ targets, figures: { loginRate } }), 'title, h1, .lead')
  t.equal(title, 'x, y and z, side by side')
  t.equal(lead, 'With x at 100 %: of the logins a second, y (too few rounds to say) and z (too few rounds to say).')
  t.end()
})

test('every section has its figures, beside what can be had here at all', (t) => {
  const document = page({ figures: { ...example().figures, registerRate: { a: [5] }, startUp: { a: [600] } } })
  t.strictSame(texts(document, 'h2'), [
    'A guarded route',
    'Signing in',
    'Registering',
    'A guarded route while everybody signs in',
    'Starting',
    'The contract',
    'How it was measured'
  ])
  const route = section(document, 'A guarded route')
  t.strictSame(texts(route, 'figcaption'), ['Answers a second more is better', 'CPU time a request, µs less is better'])
  t.strictSame(rows(route), [
    ['', 'a', 'b & c'],
    ['Answers a second', '11,000 [10,000..12,000]', '5,500 [5,000..6,100]0.500 × [0.500..0.508], worse'],
    ['CPU time a request, µs', '85.0 [80.0..90.0]', '–']
  ])
  t.strictSame(
    [...route.querySelectorAll('td[data-name]')].map((cell) => cell.getAttribute('data-name')),
    ['a', 'b & c', 'a', 'b & c']
  )
  const login = section(document, 'Signing in')
  t.strictSame(
    [...login.querySelectorAll('small[class]')].map((ratio) => ratio.className),
    ['even', 'even']
  )
  t.strictSame(
    [...route.querySelectorAll('small[class]')].map((ratio) => ratio.className),
    ['worse']
  )
  const references = (heading: string) => texts(section(document, heading), '.wide text').filter((it) => /:/.test(it))
  t.strictSame(references('A guarded route'), [])
  t.strictSame(references('Signing in'), ['bcrypt alone: 10.0'])
  t.strictSame(references('Registering'), ['bcrypt alone: 10.0'])
  t.strictSame(references('A guarded route while everybody signs in'), ['empty server: 1.50'])
  t.end()
})

test('without bcrypt alone or an empty server nothing is drawn of them', (t) => {
  const document = page({ bcrypt: [], control: [], figures: { loginRate: { a: [1] }, stormP99: { a: [1] } } })
  t.strictSame(texts(document, '.wide svg text'), [
    '0',
    '0.2',
    '0.4',
    '0.6',
    '0.8',
    '1',
    'a',
    '1.00',
    '0',
    '0.2',
    '0.4',
    '0.6',
    '0.8',
    '1',
    'a',
    '1.00'
  ])
  t.end()
})

test('a curve with a row for each step', (t) => {
  const series = {
    later: [
      { x: 8, values: [80, 82, 81] },
      { x: 1, values: [10, 12, 11] }
    ],
    a: [
      { x: 1, values: [5, null] },
      { x: 8, values: [null] }
    ]
  }
  const document = page({
    curves: [
      { ...curve, series },
      { ...curve, title: 'nothing', series: { a: [] } }
    ]
  })
  const drawn = section(document, '/me by clients')
  t.strictSame(texts(drawn, 'figcaption'), ['Answers a second more is better'])
  t.strictSame(rows(drawn), [
    ['', 'later', 'a'],
    ['1 client', '11.0 [10.0..12.0]', '5.00 [5.00..5.00]'],
    ['8 clients', '81.0 [80.0..82.0]', '–']
  ])
  // Each has one colour on all of the page, and it is not that of another.
  t.strictSame(
    [...drawn.querySelectorAll('.legend i')].map((mark) => mark.getAttribute('style')),
    ['background: var(--series-3)', 'background: var(--series-1)']
  )
  t.strictSame(section(document, 'nothing'), undefined)
  t.end()
})

test('it ends with the contract, and how it was measured', (t) => {
  const result = example()
  const [a, ...others] = result.targets as [Result['targets'][number]]
  const document = page({ figures: {}, targets: [{ ...a, size: { lines: 1234, packages: 5 } }, ...others] })
  t.strictSame(texts(section(document, 'The contract'), 'dt, dd, li'), [
    'a',
    'keeps the core; 1,234 lines of source, 5 packages',
    'b & c',
    'keeps the core422 for <400>',
    '422 for <400>'
  ])
  t.strictSame(texts(section(document, 'How it was measured'), 'p, dt, dd, code'), [
    ...method(result),
    ...['Machine', '2 cores (A Processor), 16.0 GB, Linux 6.1'],
    ...['Versions', 'node 24.1.0, autocannon 9.0.0'],
    ...['Commit', '0123456789'],
    ...['Time', '2026-11-25T07:00:00.000Z'],
    result.command
  ])
  t.end()
})

test('a page of the benchmark, and of one target alone', (t) => {
  const document = page({ kind: 'bench', targets: example().targets.slice(0, 1), figures: {} })
  t.strictSame(texts(document, 'title, .kicker, h1, .lead, .key'), [
    'What the service does, measured',
    'Benchmark · 25 November 2026',
    'What the service does, measured',
    '',
    'In the charts each dot is a round, and each thick mark the median of the rounds. In the tables the least and the most of them follow in brackets.'
  ])
  t.strictSame(texts(section(document, 'What was measured'), 'dt, dd'), ['a', 'keeps the core'])
  t.end()
})

test('what comes from outside is text and nothing else', (t) => {
  const [a, b] = example().targets.map((target) => ({ ...target, url: HOSTILE }))
  const named = (name: string) => ({
    ...curve,
    title: name,
    x: name,
    label: name,
    unit: name,
    series: { [name]: curve.series.a }
  })
  const harmless = '– harmless name'
  const make = (name: string) =>
    page({
      at: `2026-11-25T${name}`,
      command: name,
      commit: name,
      machine: { ...example().machine, processor: name, system: name },
      versions: { [name]: name },
      targets: [
        { ...(a as NonNullable<typeof a>), name },
        { ...(b as NonNullable<typeof b>), contract: name, differences: [name] }
      ],
      figures: { secretRate: { [name]: [1, 2, 3], 'b & c': [4, 5, 6] } },
      curves: [named(name)]
    })
  const hostile = make(HOSTILE)
  const tags = (document: Node) => [...document.querySelectorAll('*')].map(({ tagName }) => tagName)
  t.strictSame(tags(hostile), tags(make(harmless)), 'the elements are those of a page with plain names')
  t.strictSame(
    texts(hostile, '*').map((text) => text.includes(HOSTILE)),
    texts(make(harmless), '*').map((text) => text.includes(harmless)),
    'and the name stands in each as it is'
  )
  t.equal(hostile.querySelector('time').getAttribute('datetime'), `2026-11-25T${HOSTILE}`)
  t.equal(hostile.querySelector('td[data-name]').getAttribute('data-name'), HOSTILE)
  t.end()
})

/** How far the luminances of two colours lie apart (WCAG 2.2, 1.4.3). */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((one, other) => one - other)
  return (light + 0.05) / (dark + 0.05)
}

test('all can be read in light and dark', (t) => {
  const css = readFileSync(new URL('../../src/report/page.css', import.meta.url), 'utf8')
  const palettes = [...css.matchAll(/:root {([^}]+)}/g)].map(([, colours = '']) =>
    Object.fromEntries([...colours.matchAll(/--([\w-]+): (#\w{6});/g)].map(([, name, colour]) => [name, colour]))
  )
  t.equal(palettes.length, 2)
  for (const { paper, sheet, line: _, ...colours } of palettes) {
    t.equal(Object.keys(colours).length, 10)
    for (const [name, colour] of Object.entries<string>(colours)) {
      for (const ground of [`${paper}`, `${sheet}`]) {
        const least = name.startsWith('series') ? 3 : 4.5
        t.ok(contrast(colour, ground) >= least, `${name} on ${ground}: ${contrast(colour, ground)}`)
      }
    }
  }
  t.end()
})
