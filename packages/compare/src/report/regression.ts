import { apart, compare, median, present, spread } from '../measure/statistics.ts'
import { MEASURE_NAMES, MEASURES, type MeasureName, number } from './figures.ts'
import type { Result } from './result.ts'
import { amount, range } from './verdicts.ts'

/** A figure that two results have, and which of its directions is the good one. */
interface Point {
  what: string
  unit: string
  better: 'more' | 'less'
  values: number[]
}

/** Smaller changes are not reported, even if they are significant. */
const NOTEWORTHY = 0.05

/**
 * With how many rounds of each two results are compared: with five and five, all of one lie beyond all of the other by
 * chance in one of 252 cases each way. With three and three it would be one of 20, and there are dozens of figures.
 */
export const COMPARED_ROUNDS = 5

/** The target to whose figures the others are normalized if two machines are compared. */
export const BARE = 'fastify'

/** Those that mean the same on any machine already. */
const SHARES: MeasureName[] = ['loginShare', 'registerShare']
const BESIDE_BARE: MeasureName[] = ['secretRate', 'secretCpu']

export interface Change {
  /** Whether both were taken on the same machine; otherwise only ratios were compared. */
  sameMachine: boolean
  worse: string[]
  better: string[]
  /** How many were compared, and how many could not be for want of rounds. */
  compared: number
  tooFew: number
}

/**
 * What has changed since an earlier result that was measured in the same way, beyond noise: all values of one lie beyond
 * all of the other, five of each at the least, and the medians are 5 % apart or more. On another machine only what is
 * measured against something on that machine is compared: shares of bcrypt alone, and ratios to a bare Fastify.
 */
export function changes(result: Result, last: Result): Change {
  const sameMachine = isSame(result.machine, last.machine)
  const pointsOf = sameMachine ? allPoints : relativePoints
  const points = (of: Result) => pointsOf(of).filter(({ values }) => values.length > 0)
  const before = new Map(points(last).map((point) => [point.what, point]))
  const change: Change = { sameMachine, worse: [], better: [], compared: 0, tooFew: 0 }
  for (const point of points(result)) {
    const other = before.get(point.what)
    if (!other) continue
    if (Math.min(point.values.length, other.values.length) < COMPARED_ROUNDS) {
      change.tooFew += 1
      continue
    }
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

const allPoints = (result: Result) => [...figurePoints(result, MEASURE_NAMES), ...curvePoints(result)]

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

function relativePoints(result: Result): Point[] {
  const ratios = BESIDE_BARE.flatMap((measure) => {
    const { [BARE]: bare = [], ...targets } = result.figures[measure] ?? {}
    return Object.entries(targets).map(([target, values]) => {
      const { title, label, better } = MEASURES[measure]
      const what = `${target}, ${title}, ${label}, to a bare Fastify`
      return { what, unit: '×', better, values: compare(values, bare)?.ratios ?? [] }
    })
  })
  return [...figurePoints(result, SHARES), ...ratios]
}

const figuresOf = (count: number) => (count === 1 ? '1 figure' : `${count} figures`)

/** In words, for a terminal. */
export function tellChange(change: Change, { at, commit }: Result): string {
  const { sameMachine, worse, better, compared, tooFew } = change
  const how = sameMachine ? '' : ', on another machine: ratios alone'
  const lines = [
    `Compared with ${at.slice(0, 10)}, commit ${commit}: ${figuresOf(compared)}${how}.`,
    ...worse.map((what) => `WORSE  ${what}`),
    ...better.map((what) => `better ${what}`)
  ]
  if (tooFew > 0) {
    lines.push(
      `Too few rounds to compare: ${figuresOf(tooFew)}, of which one of the two has fewer than ${COMPARED_ROUNDS}.`
    )
  }
  if (compared === 0) lines.push('There is nothing that could be compared.')
  else if (worse.length === 0) lines.push('Nothing got worse beyond noise.')
  return lines.join('\n')
}
