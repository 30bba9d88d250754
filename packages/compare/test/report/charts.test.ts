import { parseHTML } from 'linkedom'
import { test } from 'tap'
import { bars, colour, lines } from '../../src/report/charts.ts'
import { rowsOf } from '../../src/report/verdicts.ts'
import { curve, example, HOSTILE } from '../example.ts'

const [told = []] = rowsOf(example()).map(({ told }) => told)
const order = ['a', 'b & c']

type Drawing = ReturnType<typeof parseHTML>['document']

/** The two drawings of a chart. */
function drawings(html: string): Drawing[] {
  const { document } = parseHTML(`<body>${html}</body>`)
  return ['wide', 'narrow'].map((size) => document.querySelector(`.${size} svg`))
}

const texts = (svg: Drawing) => [...svg.querySelectorAll('text')].map((text) => text.textContent)

/** An attribute of all elements of a kind, rounded where it is a number. */
const each = (svg: Drawing, kind: string, attribute: string) =>
  [...svg.querySelectorAll(kind)].map((element) => {
    const value = element.getAttribute(attribute)
    return Number.isNaN(Number(value)) ? value : Math.round(Number(value))
  })

test('bars with their figures, for a desk and for a phone', (t) => {
  const [wide, narrow] = drawings(bars(told, order))
  t.strictSame(texts(wide), [
    ...['0', '2,000', '4,000', '6,000', '8,000', '10,000', '12,000'],
    ...['a', 'b & c'],
    ...['11,000', '5,500']
  ])
  t.strictSame(texts(narrow), ['0', '5,000', '10,000', 'a', 'b & c', '11,000', '5,500'])
  for (const svg of [wide, narrow]) {
    t.strictSame(each(svg, 'rect', 'fill'), ['var(--series-1)', 'var(--series-2)'])
    t.strictSame(each(svg, 'circle', 'fill').length, 6, 'a dot for each round')
    const [a = 0, b = 0] = each(svg, 'rect', 'width').map(Number)
    t.equal(Math.round(a / b), 2, 'as long as the figures are')
  }
  t.end()
})

test('a target has its colour though another has no figure', (t) => {
  const [wide] = drawings(bars(told.slice(1), order))
  t.strictSame(each(wide, 'rect', 'fill'), ['var(--series-2)'])
  t.equal(colour('seventh', ['1', '2', '3', '4', '5', '6', 'seventh']), 'var(--series-1)')
  t.end()
})

test('the text of a reference runs from its line to the inside', (t) => {
  const cases = [
    [1000, 'start', '1,000'],
    [13_000, 'end', '13,000']
  ] as const
  for (const [value, anchor, figure] of cases) {
    for (const svg of drawings(bars(told, order, { value, name: 'bcrypt alone' }))) {
      const text = [...svg.querySelectorAll('text')].find((text) => text.textContent === `bcrypt alone: ${figure}`)
      t.equal(text?.parentElement?.getAttribute('text-anchor'), anchor)
      const [, x] = /translate\(([\d.]+)/.exec(`${text?.getAttribute('transform')}`) ?? []
      t.equal(x, svg.querySelector('[stroke-dasharray] line')?.getAttribute('x1'))
      t.ok(Number(x) < Number(svg.getAttribute('width')))
    }
  }
  t.end()
})

test('where all is zero there is still an axis', (t) => {
  const [zeros] = rowsOf(example({ figures: { secretCpu: { a: [0, 0] } } })).map(({ told }) => told)
  const [wide] = drawings(bars(zeros ?? [], order))
  t.strictSame(texts(wide), ['0', '0.2', '0.4', '0.6', '0.8', '1', 'a', '0.00'])
  t.strictSame(each(wide, 'rect', 'width'), [0])
  t.end()
})

test('lines with every step named', (t) => {
  const accounts = [1, 8, 64, 1000, 2_500_000]
  const series = {
    a: accounts.map((x) => ({ x, values: [x, null, x * 2] })),
    b: [
      { x: 8, values: [5] },
      { x: 64, values: [null] }
    ]
  }
  for (const svg of drawings(lines({ ...curve, x: 'accounts', series }, ['other', 'a', 'b']))) {
    t.strictSame(texts(svg), [
      ...['0', '1,000,000', '2,000,000', '3,000,000', '4,000,000', '5,000,000'],
      ...['1', '8', '64', '1k', '2.5M'],
      'accounts'
    ])
    t.strictSame(each(svg, 'circle', 'fill'), [...Array(5).fill('var(--series-2)'), 'var(--series-3)'])
    t.strictSame(each(svg, '[aria-label=line] path', 'stroke'), ['var(--series-2)', 'var(--series-3)'])
  }
  t.end()
})

test('a name from outside is text and nothing else', (t) => {
  const named = told.map((one) => ({ ...one, target: HOSTILE }))
  const series = { [HOSTILE]: curve.series.a }
  for (const html of [
    bars(named.slice(0, 1), [HOSTILE], { value: 1, name: HOSTILE }),
    lines({ ...curve, x: HOSTILE, series }, [HOSTILE])
  ]) {
    for (const svg of drawings(html)) {
      t.ok(texts(svg).some((text) => text?.includes(HOSTILE)))
      t.equal(svg.querySelectorAll('script, img, [onerror], [onload]').length, 0)
    }
  }
  t.end()
})
