import { cliffsDelta, median } from '@latchkey/compare/measure/statistics'
import { check } from '../shared/report.ts'

/** The two kinds that are compared: a name with an account and one without. */
export type Kind = 'known' | 'unknown'

/** The bound on Cliff's delta above which the kinds can be told apart. */
const APART = 0.2

/**
 * Takes pairs of samples, each in random order, and reports their difference. Samples of one distribution hardly ever
 * exceed the bound twice by chance, so a pair that exceeds it is measured again with twice as many samples.
 *
 * @param pairs the number of samples of each kind
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

const deltaOf = ({ known, unknown }: Samples) => cliffsDelta(known, unknown)

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

/** Both kinds in random order. */
export const inTurn = (): Kind[] => (Math.random() < 0.5 ? ['known', 'unknown'] : ['unknown', 'known'])
