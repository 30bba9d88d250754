import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { number } from './figures.ts'
import type { Curve } from './result.ts'
import { spread } from './statistics.ts'
import type { Told } from './telling.ts'

/** Plot makes elements: it gets a document of which nothing is kept but the text of a chart. */
const { document } = parseHTML('<!doctype html><html><body></body></html>')

/** The two widths for which each chart is drawn: text in an image cannot flow, so a phone gets a chart of its own. */
const WIDTHS = { wide: 720, narrow: 340 }

type Size = keyof typeof WIDTHS

const ROW = 46

/** Colours are variables of the page, so that they can change with light and dark. */
const colour = (index: number) => `var(--series-${(index % 6) + 1})`

/** A light bar up to the median, the least and the most as a line, and a dot for each round. */
export function bars(title: string, told: Told[], order: string[], floor?: { value: number; name: string }) {
  const most = Math.max(...told.map(({ most }) => most), floor?.value ?? 0)
  const colours = (target: string) => colour(order.indexOf(target))
  const rounds = told.flatMap(({ target, values }) => values.map((value) => ({ target, value })))
  return both(title, (size) => {
    const narrow = size === 'narrow'
    return {
      marginLeft: narrow ? 4 : Math.max(90, ...order.map((name) => name.length * 8 + 18)),
      marginRight: narrow ? 10 : 84,
      marginTop: floor ? 22 : 4,
      marginBottom: 26,
      height: told.length * (narrow ? ROW + 14 : ROW) + (floor ? 48 : 30),
      x: { label: null, domain: [0, most * 1.04], ticks: narrow ? 4 : 7, tickFormat: plain },
      y: { label: null, domain: told.map(({ target }) => target), axis: null, padding: narrow ? 0.55 : 0.4 },
      marks: [
        Plot.gridX({ strokeOpacity: 0.09, ticks: narrow ? 4 : 7 }),
        Plot.barX(told, { x: 'median', y: 'target', fill: ({ target }) => colours(target), fillOpacity: 0.22, rx: 4 }),
        Plot.ruleY(told, {
          x1: 'least',
          x2: 'most',
          y: 'target',
          stroke: ({ target }) => colours(target),
          strokeWidth: 1.5
        }),
        Plot.dot(rounds, { x: 'value', y: 'target', r: 3, fill: ({ target }) => colours(target), fillOpacity: 0.65 }),
        Plot.tickX(told, { x: 'median', y: 'target', stroke: ({ target }) => colours(target), strokeWidth: 3 }),
        ...(narrow ? inside(told) : beside(told)),
        ...(floor ? reference(floor) : [])
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
    fontSize: 14
  })
]

/** Where there is no room beside it, names and medians stand above the bars. */
const inside = (told: Told[]) => [
  Plot.text(told, { frameAnchor: 'left', y: 'target', text: 'target', dy: -21, textAnchor: 'start', fontSize: 13 }),
  Plot.text(told, {
    frameAnchor: 'right',
    y: 'target',
    text: medianOf,
    dy: -21,
    textAnchor: 'end',
    fontWeight: 650,
    fontSize: 13
  })
]

const medianOf = ({ median }: Told) => number(median)

const reference = ({ value, name }: { value: number; name: string }) => [
  Plot.ruleX([value], { stroke: 'currentColor', strokeDasharray: '3,4', strokeOpacity: 0.6 }),
  Plot.text([name], {
    x: () => value,
    frameAnchor: 'top',
    text: (text: string) => text,
    dy: -9,
    textAnchor: 'middle',
    fontSize: 12,
    fillOpacity: 0.75
  })
]

/** What grows along the way, each series with its spread. */
export function lines({ title, x, label, unit, series }: Curve) {
  const names = Object.keys(series)
  const points = names.flatMap((name) =>
    (series[name] ?? []).flatMap(({ x, values }) => {
      const there = values.filter((value) => value !== null)
      return there.length === 0 ? [] : [{ name, x, ...spread(there) }]
    })
  )
  const ticks = [...new Set(points.map(({ x }) => x))]
  const strokes = (name: string) => colour(names.indexOf(name))
  return both(title, (size) => ({
    marginLeft: 52,
    marginRight: size === 'narrow' ? 16 : 24,
    marginTop: 24,
    marginBottom: 40,
    height: size === 'narrow' ? 240 : 300,
    x: {
      type: 'log',
      label: x,
      ticks,
      tickFormat: short,
      labelArrow: 'none',
      domain: [Math.min(...ticks), Math.max(...ticks)]
    },
    y: { label: `${label}, ${unit}`, zero: true, grid: true, ticks: 5, tickFormat: plain, labelArrow: 'none' },
    marks: [
      Plot.ruleX(points, { x: 'x', y1: 'least', y2: 'most', stroke: ({ name }) => strokes(name), strokeWidth: 1.5 }),
      Plot.line(points, {
        x: 'x',
        y: 'median',
        z: 'name',
        stroke: ({ name }) => strokes(name),
        strokeWidth: 2.5,
        curve: 'monotone-x'
      }),
      Plot.dot(points, { x: 'x', y: 'median', fill: ({ name }) => strokes(name), r: 4 })
    ]
  }))
}

/** The names beside their colours. */
export const legend = (names: string[]) => names.map((name, index) => ({ name, colour: colour(index) }))

/** As it is, without the digits that are not there. */
const plain = (value: number) => value.toLocaleString('en')

/** `1k`, `100k`, `1M`; smaller ones as they are. */
const short = (value: number) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : `${value}`)

function both(title: string, draw: (size: Size) => Plot.PlotOptions): string {
  return (Object.keys(WIDTHS) as Size[])
    .map((size) => {
      const svg = Plot.plot({
        document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
        width: WIDTHS[size],
        style: { background: 'none', fontFamily: 'inherit', fontSize: '12px' },
        ...draw(size)
      })
      svg.setAttribute('role', 'img')
      svg.setAttribute('aria-label', title)
      return `<div class="${size}">${svg.outerHTML}</div>`
    })
    .join('')
}
