import { cliffsDelta, median } from '@latchkey/compare/measure/statistics'
import { check } from '../shared/report.ts'

/** What is compared: something about a name that has an account, and about one that has none. */
export type Kind = 'known' | 'unknown'

/** From here on two names count as told apart. */
const APART = 0.2

/**
 * Takes both samples in turns, the first by lot each time, and says how far they are apart. With samples of one
 * distribution, chance alone hardly ever goes beyond the bound twice: what does so once is measured again, with twice as
 * many.
 *
 * @param pairs how many of each
 * @param sample one value, in milliseconds
 */
export async function compareKinds(
  what: string,
  pairs: number,
  sample: (kind: Kind) => Promise<number>
): Promise<void> {
  let samples = await take(pairs, sample)
  if (Math.abs(deltaOf(samples)) > APART) samples = await take(2 * pairs, sample)
  report(what, samples)
}

export type Samples = Record<Kind, number[]>

export const deltaOf = ({ known, unknown }: Samples) => cliffsDelta(known, unknown)

export function report(what: string, samples: Samples): void {
  const delta = deltaOf(samples)
  const told = (kind: Kind) => `${kind} ${median(samples[kind]).toFixed(2)} ms`
  check(
    Math.abs(delta) <= APART,
    what,
    `${told('known')}, ${told('unknown')}, Cliff's delta ${delta.toFixed(3)} of ${samples.known.length} pairs`
  )
}

export const isApart = (samples: Samples) => Math.abs(deltaOf(samples)) > APART

async function take(pairs: number, sample: (kind: Kind) => Promise<number>): Promise<Samples> {
  const samples: Samples = { known: [], unknown: [] }
  for (let pair = 0; pair < pairs; pair += 1) for (const kind of inTurn()) samples[kind].push(await sample(kind))
  return samples
}

/** Both kinds, in an order by lot. */
export const inTurn = (): Kind[] => (Math.random() < 0.5 ? ['known', 'unknown'] : ['unknown', 'known'])
