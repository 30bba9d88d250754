import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { number } from './figures.ts'
import type { Curve } from './result.ts'
import { pointsOf, type Told } from './verdicts.ts'

/** Plot makes elements: it gets a document of which nothing is kept but the text of a chart. */
const { document } = parseHTML('<!doctype html><html><body></body></html>')

/** The two widths for which each chart is drawn: text in an image cannot flow, so a phone gets a chart of its own. */
const WIDTHS = { wide: 720, narrow: 340 }

type Size = keyof typeof WIDTHS

const ROW = 46

/** Each name's own, a variable of the page, so that it can change with light and dark. */
export const colour = (name: string, order: string[]) => `var(--series-${(order.indexOf(name) % 6) + 1})`

/** Keeps a text readable where a line runs behind it. */
const HALO = { fill: 'currentColor', stroke: 'var(--sheet)', strokeWidth: 5 }

/** A light bar up to the median, the least and the most as a line, and a dot for each round. */
export function bars(told: Told[], order: string[], floor?: { value: number; name: string }) {
  const most = Math.max(...told.map(({ most }) => most), floor?.value ?? 0)
  const fill = ({ target }: { target: string }) => colour(target, order)
  const rounds = told.flatMap(({ target, values }) => values.map((value) => ({ target, value })))
  return both((size) => {
    const narrow = size === 'narrow'
    return {
      marginLeft: narrow ? 4 : Math.max(90, ...order.map((name) => name.length * 8 + 18)),
      marginRight: narrow ? 10 : 84,
      marginTop: floor ? 22 : 4,
      marginBottom: 26,
      height: told.length * (narrow ? ROW + 10 : ROW) + (floor ? 48 : 30),
      x: { label: null, domain: [0, (most || 1) * 1.04], ticks: narrow ? 3 : 7, tickFormat: plain },
      y: {
        label: null,
        domain: told.map(({ target }) => target),
        axis: null,
        padding: narrow ? 0.55 : 0.4,
        align: narrow ? 0.85 : 0.5
      },
      marks: [
        Plot.gridX({ strokeOpacity: 0.09, ticks: narrow ? 3 : 7 }),
        Plot.barX(told, { x: 'median', y: 'target', fill, fillOpacity: 0.22, rx: 4 }),
        ...(floor ? reference(floor, floor.value > most / 2 ? 'end' : 'start') : []),
        Plot.ruleY(told, { x1: 'least', x2: 'most', y: 'target', stroke: fill, strokeWidth: 1.5 }),
        Plot.dot(rounds, { x: 'value', y: 'target', r: 3, fill, fillOpacity: 0.65 }),
        Plot.tickX(told, { x: 'median', y: 'target', stroke: fill, strokeWidth: 3 }),
        ...(narrow ? inside(told) : beside(told))
      ]
    }
  })
}

/** Names to the left, and the median to the right of all that is drawn. */
const beside = (told: Told[]) => [
  Plot.axisY({ tickSize: 0, fontSize: 14, tickPadding: 10, label: null }),
  Plot.text(told, {
    x: 'most',
    y: 'target',
    text: medianOf,
    dx: 12,
    textAnchor: 'start',
    fontWeight: 650,
    fontSize: 14,
    ...HALO
  })
]

/** Where there is no room beside it, names and medians stand above the bars. */
const inside = (told: Told[]) => [
  Plot.text(told, {
    frameAnchor: 'left',
    y: 'target',
    text: 'target',
    dy: -21,
    textAnchor: 'start',
    fontSize: 13,
    ...HALO
  }),
  Plot.text(told, {
    frameAnchor: 'right',
    y: 'target',
    text: medianOf,
    dy: -21,
    textAnchor: 'end',
    fontWeight: 650,
    fontSize: 13,
    ...HALO
  })
]

const medianOf = ({ median }: Told) => number(median)

/** Its text runs from the line towards the middle, where there is room. */
const reference = ({ value, name }: { value: number; name: string }, textAnchor: 'start' | 'end') => [
  Plot.ruleX([value], { stroke: 'currentColor', strokeDasharray: '3,4', strokeOpacity: 0.6 }),
  Plot.text([`${name}: ${number(value)}`], {
    x: [value],
    frameAnchor: 'top',
    dy: -10,
    textAnchor,
    fontSize: 12,
    fillOpacity: 0.75
  })
]

/** A chart of curves, each series with its spread. */
export function lines(curve: Curve, order: string[]) {
  const points = pointsOf(curve)
  const ticks = [...new Set(points.map(({ x }) => x))]
  const stroke = ({ name }: { name: string }) => colour(name, order)
  return both((size) => ({
    marginLeft: 52,
    marginRight: size === 'narrow' ? 16 : 24,
    marginTop: 12,
    marginBottom: 44,
    height: size === 'narrow' ? 240 : 300,
    x: { type: 'log', domain: [Math.min(...ticks), Math.max(...ticks)] },
    y: { label: null, zero: true, nice: true, grid: true, ticks: 5, tickFormat: plain },
    marks: [
      // With a text of their own: a logarithmic axis would leave out some that are close to each other.
      Plot.axisX(ticks, { text: short, label: curve.x, labelAnchor: 'center', labelArrow: 'none' }),
      Plot.ruleX(points, { x: 'x', y1: 'least', y2: 'most', stroke, strokeWidth: 1.5 }),
      Plot.line(points, { x: 'x', y: 'median', z: 'name', stroke, strokeWidth: 2.5 }),
      Plot.dot(points, { x: 'x', y: 'median', fill: stroke, r: 4 })
    ]
  }))
}

/** As it is, without the digits that are not there. */
const plain = (value: number) => value.toLocaleString('en')

/** `1k`, `100k`, `1M`; smaller ones as they are. */
const short = (value: number) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : `${value}`)

/** What is used of an element of linkedom, for which Plot has the types of browsers. */
interface Drawn {
  setAttribute: (name: string, value: string) => void
  outerHTML: string
}

/** Hidden from screen readers: the table below has the same values. */
function both(draw: (size: Size) => Plot.PlotOptions): string {
  return (Object.keys(WIDTHS) as Size[])
    .map((size) => {
      const svg = Plot.plot({
        document,
        width: WIDTHS[size],
        style: { background: 'none', fontFamily: 'inherit', fontSize: '12px' },
        ...draw(size)
      }) as unknown as Drawn
      svg.setAttribute('aria-hidden', 'true')
      return `<div class="${size}">${svg.outerHTML}</div>`
    })
    .join('')
}
