import { MEASURE_NAMES, MEASURES, type MeasureName, number } from './figures.ts'
import type { Result } from './result.ts'
import { apart, compare, LEAST_ROUNDS, median, present, spread } from './statistics.ts'
import { amount, range } from './telling.ts'

/** A figure that two results have, and which of its directions is the good one. */
interface Point {
  what: string
  unit: string
  better: 'more' | 'less'
  values: number[]
}

/** What is less is not worth a word, however often it was seen. */
const NOTEWORTHY = 0.05

/** By whose figure those of the others are divided where two machines are compared. */
export const BARE = 'fastify'

/** Those that mean the same on any machine already. */
const SHARES: MeasureName[] = ['loginShare', 'registerShare']
const BESIDE_BARE: MeasureName[] = ['secretRate', 'secretCpu']

/** By the title of a measure, what it depends on of how the load was made. */
const LOADS: Record<(typeof MEASURES)[MeasureName]['title'], (keyof Result['settings'])[]> = {
  '/secret': ['connections'],
  login: ['clients', 'cost'],
  register: ['clients', 'cost'],
  '/secret in a login storm': ['storm', 'cost'],
  memory: ['connections', 'clients', 'storm'],
  start: []
}

export interface Change {
  /** Whether both were taken on the same machine; otherwise only ratios were compared. */
  sameMachine: boolean
  /** Whether both were asked in the same way; otherwise only what does not depend on that was compared. */
  sameLoad: boolean
  worse: string[]
  better: string[]
  /** How many were compared. */
  compared: number
}

/**
 * What has changed since an earlier result, beyond noise: all values of one lie beyond all of the other, three of each
 * at the least, and the medians are 5 % apart or more. On another machine only what is measured against something on that machine is compared: shares
 * of bcrypt alone, and ratios to a bare Fastify. What was asked by another number of clients is not compared.
 */
export function changes(result: Result, last: Result): Change {
  const sameMachine = isSame(result.machine, last.machine)
  const measures = MEASURE_NAMES.filter((measure) => isAlike(measure, result, last))
  const sameLoad = measures.length === MEASURE_NAMES.length
  const pointsOf = sameMachine ? allPoints : relativePoints
  const points = (of: Result) => pointsOf(of, measures).filter(({ values }) => values.length >= LEAST_ROUNDS)
  const before = new Map(points(last).map((point) => [point.what, point]))
  const change: Change = { sameMachine, sameLoad, worse: [], better: [], compared: 0 }
  for (const point of points(result)) {
    const other = before.get(point.what)
    if (!other) continue
    change.compared += 1
    const factor = median(point.values) / median(other.values)
    if (!apart(point.values, other.values) || Math.abs(factor - 1) < NOTEWORTHY) continue
    const isBetter = factor > 1 === (point.better === 'more')
    change[isBetter ? 'better' : 'worse'].push(tell(point, other, factor))
  }
  return change
}

const isAlike = (measure: MeasureName, { settings }: Result, last: Result) =>
  LOADS[MEASURES[measure].title].every((setting) => settings[setting] === last.settings[setting])

const isSame = (one: Result['machine'], other: Result['machine']) =>
  one.processor === other.processor && one.cores === other.cores && Math.abs(one.memory / other.memory - 1) < NOTEWORTHY

function tell(now: Point, before: Point, factor: number): string {
  const figure = ({ values, unit }: Point) => `${number(median(values))} ${unit} ${range(spread(values))}`
  return `${now.what}: ${figure(now)}, before ${figure(before)}: ${number(factor)} ×`
}

const allPoints = (result: Result, measures: MeasureName[]) => [
  ...figurePoints(result, measures),
  ...curvePoints(result)
]

const figurePoints = ({ figures }: Result, measures: MeasureName[]): Point[] =>
  measures.flatMap((measure) =>
    Object.entries(figures[measure] ?? {}).map(([target, values]) => {
      const { title, label, unit, better } = MEASURES[measure]
      return { what: `${target}, ${title}, ${label}`, unit, better, values: present(values) }
    })
  )

const curvePoints = ({ curves }: Result): Point[] =>
  curves.flatMap(({ title, x: along, unit, better, series }) =>
    Object.entries(series).flatMap(([name, points]) =>
      points.map(({ x, values }) => ({
        what: `${name}, ${title}, ${amount(x, along)}`,
        unit,
        better,
        values: present(values)
      }))
    )
  )

function relativePoints(result: Result, measures: MeasureName[]): Point[] {
  const of = (names: MeasureName[]) => names.filter((measure) => measures.includes(measure))
  const ratios = of(BESIDE_BARE).flatMap((measure) => {
    const { [BARE]: bare = [], ...targets } = result.figures[measure] ?? {}
    return Object.entries(targets).map(([target, values]) => {
      const { title, label, better } = MEASURES[measure]
      const what = `${target}, ${title}, ${label}, to a bare Fastify`
      return { what, unit: '×', better, values: compare(values, bare)?.ratios ?? [] }
    })
  })
  return [...figurePoints(result, of(SHARES)), ...ratios]
}

/** In words, for a terminal. */
export function tellChange(change: Change, { at, commit }: Result): string {
  const { sameMachine, sameLoad, worse, better, compared } = change
  const how = [
    ...(sameMachine ? [] : ['on another machine: ratios alone']),
    ...(sameLoad ? [] : ['under another load: without what depends on it'])
  ]
  const lines = [
    `${[`Compared with ${at.slice(0, 10)}, commit ${commit}: ${compared} figures`, ...how].join(', ')}.`,
    ...worse.map((what) => `WORSE  ${what}`),
    ...better.map((what) => `better ${what}`)
  ]
  if (compared === 0) lines.push('There is nothing of which both have enough rounds.')
  else if (worse.length === 0) lines.push('Nothing got worse beyond noise.')
  return lines.join('\n')
}
