import { MEASURE_NAMES, MEASURES, type MeasureName, number } from './figures.ts'
import type { Result } from './result.ts'
import { apart, median, spread } from './statistics.ts'
import { range } from './telling.ts'

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

export interface Change {
  /** Whether both were taken on the same machine; otherwise only ratios were compared. */
  sameMachine: boolean
  worse: string[]
  better: string[]
  /** How many were compared. */
  compared: number
}

/**
 * What has changed since an earlier result, beyond noise: all values of one lie beyond all of the other, and the medians
 * are 5 % apart or more. On another machine only what is measured against something on that machine is compared: shares
 * of bcrypt alone, and ratios to a bare Fastify.
 */
export function changes(result: Result, last: Result): Change {
  const sameMachine = isSame(result.machine, last.machine)
  const points = sameMachine ? pointsOf : relativePointsOf
  const before = new Map(points(last).map((point) => [point.what, point]))
  const change: Change = { sameMachine, worse: [], better: [], compared: 0 }
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

const isSame = (one: Result['machine'], other: Result['machine']) =>
  one.processor === other.processor && one.cores === other.cores && Math.abs(one.memory / other.memory - 1) < NOTEWORTHY

function tell(now: Point, before: Point, factor: number): string {
  const figure = ({ values, unit }: Point) => `${number(median(values))} ${unit} ${range(spread(values))}`
  return `${now.what}: ${figure(now)}, before ${figure(before)}: ${number(factor)} ×`
}

function pointsOf({ figures, curves }: Result): Point[] {
  const ofFigures = MEASURE_NAMES.flatMap((measure) =>
    Object.entries(figures[measure] ?? {}).map(([target, values]) => {
      const { title, label, unit, better } = MEASURES[measure]
      return { what: `${target}, ${title}, ${label}`, unit, better, values: there(values) }
    })
  )
  const ofCurves = curves.flatMap(({ title, x: along, unit, better, series }) =>
    Object.entries(series).flatMap(([name, points]) =>
      points.map(({ x, values }) => ({
        what: `${name}, ${title}, ${x.toLocaleString('en')} ${along}`,
        unit,
        better,
        values: there(values)
      }))
    )
  )
  return [...ofFigures, ...ofCurves].filter(({ values }) => values.length > 0)
}

function relativePointsOf(result: Result): Point[] {
  const shares = SHARES.flatMap((measure) =>
    Object.entries(result.figures[measure] ?? {}).map(([target, values]) => {
      const { title, label, unit, better } = MEASURES[measure]
      return { what: `${target}, ${title}, ${label}`, unit, better, values: there(values) }
    })
  )
  const ratios = BESIDE_BARE.flatMap((measure) => {
    const { [BARE]: bare = [], ...targets } = result.figures[measure] ?? {}
    return Object.entries(targets).map(([target, values]) => {
      const { title, label, better } = MEASURES[measure]
      const beside = values.map((value, round) => {
        const floor = bare[round] ?? null
        return value === null || floor === null ? null : value / floor
      })
      return { what: `${target}, ${title}, ${label}, to a bare Fastify`, unit: '×', better, values: there(beside) }
    })
  })
  return [...shares, ...ratios].filter(({ values }) => values.length > 0)
}

const there = (values: (number | null)[]) => values.filter((value) => value !== null)

/** In words, for a terminal. */
export function tellChange({ sameMachine, worse, better, compared }: Change, { at, commit }: Result): string {
  const lines = [
    `Compared with ${at.slice(0, 10)}, commit ${commit}: ${compared} figures${sameMachine ? '' : ', on another machine: ratios alone'}.`,
    ...worse.map((what) => `WORSE  ${what}`),
    ...better.map((what) => `better ${what}`)
  ]
  if (worse.length === 0) lines.push('Nothing got worse beyond noise.')
  return lines.join('\n')
}
