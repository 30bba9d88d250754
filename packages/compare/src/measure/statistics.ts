/** A figure as it is told: the median of the rounds, and the least and the most of them. */
export interface Spread {
  median: number
  least: number
  most: number
}

/** How one target stands to another, round by round. */
export interface Ratio extends Spread {
  /**
   * `noise` where the interval of the ratio's median holds 1, so that the two cannot be told apart; `unknown` where
   * there were too few rounds.
   */
  verdict: 'more' | 'less' | 'noise' | 'unknown'
}

/** With fewer rounds nothing is said to be a difference, or to be none. */
export const LEAST_ROUNDS = 3

/** How often the interval of a ratio's median is right, at the least, where leaving out the outermost keeps it so. */
const CONFIDENCE = 0.9

/** With fewer, leaving out the least and the most would be right less often than that. */
const ROUNDS_TO_LEAVE_OUT = 8

/** The confidence of the interval of a ratio's median for a number of rounds, and whether it spans all ratios. */
export const confidence = (rounds: number) =>
  rounds < ROUNDS_TO_LEAVE_OUT ? { right: 1 - 0.5 ** (rounds - 1), isAll: true } : { right: CONFIDENCE, isAll: false }

/** @throws RangeError where there is nothing */
export function spread(values: readonly number[]): Spread {
  const sorted = ascending(values)
  if (sorted.length === 0) throw new RangeError('there is no median of nothing')
  return { median: middle(sorted), least: sorted[0] as number, most: sorted.at(-1) as number }
}

/** Those of the rounds in which it could be taken. */
export const present = (values: readonly (number | null)[]) => values.filter((value) => value !== null)

export const median = (values: readonly number[]) => spread(values).median

/**
 * Compares two targets pair by pair: each round's value of one by the same round's value of the other, so that what was
 * slow in a round was slow for both. Rounds in which either has no value are left out.
 *
 * @returns undefined where no round has both
 */
export function compare(
  values: readonly (number | null)[],
  others: readonly (number | null)[]
): (Ratio & { ratios: number[] }) | undefined {
  const ratios = values.flatMap((value, round) => {
    const other = others[round] ?? null
    return value === null || other === null || other === 0 ? [] : [value / other]
  })
  if (ratios.length === 0) return undefined
  return { ...spread(ratios), ratios, verdict: verdictOf(ratios) }
}

function verdictOf(ratios: number[]): Ratio['verdict'] {
  if (ratios.length < LEAST_ROUNDS) return 'unknown'
  const [low, high] = intervalOfMedian(ratios)
  if (low > 1) return 'more'
  return high < 1 ? 'less' : 'noise'
}

/**
 * The interval of the sign test: it takes nothing for granted of how the values are distributed. With up to seven it is
 * all of them, the least to the most; with more, the outermost are left out as long as it is right in 90 % of all cases.
 */
export function intervalOfMedian(values: readonly number[]): [number, number] {
  const sorted = ascending(values)
  const count = sorted.length
  let left = 0
  // The chance that the median lies below the value at `left` + 1, or, as likely, above its counterpart.
  let tail = 0.5 ** count
  for (;;) {
    const next = tail + choose(count, left + 1) * 0.5 ** count
    if (1 - 2 * next < CONFIDENCE) break
    tail = next
    left += 1
  }
  return [sorted[left] as number, sorted[count - 1 - left] as number]
}

/** Whether two sets of values that were not taken side by side lie apart, all of one beyond all of the other. */
export function apart(values: readonly number[], others: readonly number[]): boolean {
  const [one, other] = [spread(values), spread(others)]
  return one.least > other.most || one.most < other.least
}

/**
 * Cliff's delta: the chance that a value of the first is greater than one of the second, less the chance that it is less.
 * 0 where the two cannot be told apart, 1 or −1 where one glance is enough.
 */
export function cliffsDelta(values: readonly number[], others: readonly number[]): number {
  let balance = 0
  for (const value of values) for (const other of others) balance += Math.sign(value - other)
  return balance / (values.length * others.length)
}

/** The value below which that share of them lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = ascending(values)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/**
 * How many a second, by the moments at which they ended, in milliseconds: from the first end to the last, so that
 * neither the time until the first nor what was cut off at the end counts.
 */
export function rate(ends: readonly number[]): number {
  const sorted = ascending(ends)
  return ((sorted.length - 1) * 1000) / ((sorted.at(-1) as number) - (sorted[0] as number))
}

function choose(count: number, of: number): number {
  let ways = 1
  for (let index = 0; index < of; index += 1) ways = (ways * (count - index)) / (index + 1)
  return ways
}

const ascending = (values: readonly number[]) => values.toSorted((one, other) => one - other)

function middle(sorted: readonly number[]): number {
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] as number) + (sorted[Math.floor(half)] as number)) / 2
}
