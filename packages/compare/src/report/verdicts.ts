import { compare, confidence, LEAST_ROUNDS, present, type Ratio, type Spread, spread } from '../measure/statistics.ts'
import { MEASURE_NAMES, MEASURES, type MeasureName, number } from './figures.ts'
import type { Curve, Result } from './result.ts'

/** One figure of one target, and how it stands to the first target's. */
export interface Told extends Spread {
  target: string
  values: number[]
  /** To the first target; none of that one itself. */
  ratio: Ratio | undefined
}

/** A measure with the figures of all targets that have it. */
export interface Row {
  measure: MeasureName
  told: Told[]
}

/** The findings, in the order of the measures. */
export function rowsOf({ figures, targets }: Pick<Result, 'figures' | 'targets'>): Row[] {
  const names = targets.map(({ name }) => name)
  return MEASURE_NAMES.flatMap((measure) => {
    const byTarget = figures[measure] ?? {}
    const first = byTarget[names[0] as string] ?? []
    const told = names.flatMap((target, index) => {
      const rounds = byTarget[target] ?? []
      const values = present(rounds)
      if (values.length === 0) return []
      return [{ target, values, ...spread(values), ratio: index === 0 ? undefined : compare(rounds, first) }]
    })
    return told.length === 0 ? [] : [{ measure, told }]
  })
}

/** `[1,200..1,400]`: the least and the most of the rounds. */
export const range = ({ least, most }: Spread) => `[${number(least)}..${number(most)}]`

export type Verdict = 'better' | 'worse' | 'within noise' | 'too few rounds to say'

/** The meaning of a ratio to the first target: for some measures more is better, for others less. */
export function verdictOf(measure: MeasureName, { verdict }: Ratio): Verdict {
  if (verdict === 'unknown') return 'too few rounds to say'
  if (verdict === 'noise') return 'within noise'
  return verdict === MEASURES[measure].better ? 'better' : 'worse'
}

/** How it stands to the first target: `1.83 × [1.79..1.90], better`. */
export const ratioOf = (measure: MeasureName, ratio: Ratio) =>
  `${number(ratio.median)} × ${range(ratio)}, ${verdictOf(measure, ratio)}`

/** Where a curve is: `1 client`, `100,000 accounts`. */
export const amount = (x: number, along: string) =>
  `${x.toLocaleString('en')} ${x === 1 ? along.replace(/s$/, '') : along}`

/** The points of a curve: the median of the rounds and their spread, where there are values. */
export const pointsOf = ({ series }: Curve) =>
  Object.entries(series).flatMap(([name, points]) =>
    points.flatMap(({ x, values }) => {
      const there = present(values)
      return there.length === 0 ? [] : [{ name, x, ...spread(there) }]
    })
  )

/** Explains the method and the terms. */
export function method({ settings, targets, figures, others, bcrypt, control, curves }: Result): string[] {
  const { rounds, seconds, connections, clients, storm, cost } = settings
  const share = (value: number) => `${Math.round(value * 100)} %`
  const sentences = [
    `Everything was measured in ${inRounds(rounds)}: each takes every measurement of every service in turn, about ${seconds} s each, and the next one begins with another service, so that a slow spell of the machine falls on all of them.`,
    'Each figure is the median of the rounds, with the least and the most of them in brackets.'
  ]
  if (targets.length > 1) {
    sentences.push(
      `A ratio is to ${targets[0]?.name}: the median of the rounds' own ratios. ${noise(rounds)} Where the machine was busy, the ratios count and not the figures.`
    )
  }
  sentences.push(
    `${connections} connections ask for /secret, ${clients} clients sign in or register, all at once. In the storm ${storm} logins are always in flight, and /secret is asked for every 20 ms on top.`,
    `The load comes from autocannon on the same machine: of a fast server, the answers a second are partly autocannon's own doing; its CPU time a request, counted by the kernel for all its processes, is not. While passwords are hashed it runs ahead of other programs (nice -10), where it may.`
  )
  if (bcrypt.length > 0) {
    const alone = spread(bcrypt)
    sentences.push(
      `bcrypt alone is the library of Node at cost ${cost} on all cores with nothing beside it, in the same rounds: ${number(alone.median)} ${range(alone)} hashes a second. Another language has another implementation, which may be slower or faster.`
    )
  }
  if (control.length > 0) {
    const late = spread(control)
    sentences.push(
      `In the storms an empty server was asked at the same moments, and answered within ${number(late.median)} ${range(late)} ms (99th percentile): what is near that is the machine and the client, not the service.`
    )
  }
  if (curves.length > 0) {
    sentences.push(
      `The curves rest on ${inRounds(longest(curves))} with half the time for each measurement, and are not taken again where other programs disturbed them.`
    )
  }
  if (figures.startUp) sentences.push('Starts are measured after all else, one service at a time.')
  if (others.length > 0) {
    const { median, most } = spread(others)
    sentences.push(
      `Other programs, databases among them, took ${share(median)} of the machine in the middle, ${share(most)} at the most.`
    )
  }
  return sentences
}

const inRounds = (count: number) => (count === 1 ? '1 round' : `${count} rounds`)

/** The rounds of that point of the curves which has most of them. */
const longest = (curves: Curve[]) =>
  Math.max(...curves.flatMap(({ series }) => Object.values(series).flatMap((points) => points.map(roundsOf))), 0)

const roundsOf = ({ values }: { values: unknown[] }) => values.length

/** Explains when a ratio is within noise, for this number of rounds. */
function noise(rounds: number): string {
  if (rounds < LEAST_ROUNDS) return `With fewer than ${LEAST_ROUNDS} rounds nothing is said of differences.`
  const { right, isAll } = confidence(rounds)
  const share = `${(right * 100).toLocaleString('en', { maximumFractionDigits: 1 })} %`
  const test = isAll ? `${share}: all of the rounds' ratios` : `${share} or more`
  return `It is within noise where the interval of that median (sign test, ${test}) holds 1, and with fewer than ${LEAST_ROUNDS} rounds that have both nothing is said.`
}
