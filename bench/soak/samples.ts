import { setTimeout as pause } from 'node:timers/promises'
import { quantile } from '@latchkey/compare/measure/statistics'

/** The metrics that are sampled, by their names at /metrics. */
const FIGURES = {
  memory: /^process_resident_memory_bytes (\S+)/m,
  heap: /^nodejs_heap_size_used_bytes (\S+)/m,
  descriptors: /^process_open_fds (\S+)/m,
  handles: /^nodejs_active_resources_total (\S+)/m,
  connections: /^latchkey_database_connections (\S+)/m,
  collections: /^nodejs_gc_duration_seconds_count\{kind="major"\} (\S+)/m
}

type Figure = keyof typeof FIGURES
export type Sample = Record<Figure, number> & { at: number }

/** A sample of the metrics of the service. */
export async function sample(base: string): Promise<Sample> {
  const text = await (await fetch(new URL('/metrics', base))).text()
  const read = ([name, pattern]: [string, RegExp]) => [name, Number(pattern.exec(text)?.[1] ?? 0)]
  return { at: performance.now(), ...Object.fromEntries(Object.entries(FIGURES).map(read)) } as Sample
}

/** Samples at an interval, in milliseconds, until the signal. */
export async function sampleAll(base: string, interval: number, samples: Sample[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    samples.push(await sample(base))
    await pause(interval, undefined, { signal }).catch(() => {})
  }
}

/** A stretch of the soak, by its samples. */
export interface Stretch {
  from: number
  to: number
  least: Record<Figure, number>
  median: Record<Figure, number>
  most: Record<Figure, number>
}

/** Stretches of the same length. */
export function stretches(samples: Sample[], from: number, to: number, count: number): Stretch[] {
  const length = (to - from) / count
  return Array.from({ length: count }, (_, index) => {
    const [begin, end] = [from + index * length, from + (index + 1) * length]
    const within = samples.filter(({ at }) => at >= begin && at < end)
    const at = (share: number) =>
      Object.fromEntries(
        Object.keys(FIGURES).map((figure) => [
          figure,
          quantile(
            within.map((sample) => sample[figure as Figure]),
            share
          )
        ])
      ) as Record<Figure, number>
    return { from: begin, to: end, least: at(0), median: at(0.5), most: at(1) }
  })
}

/**
 * By how much the last stretch is above all between it and the first, in which the service is still warming up: 0.1 is
 * a tenth more. What grows without end is always at its highest at last.
 */
export function growth(all: Stretch[], figure: Figure, of: 'least' | 'median'): number {
  const values = all.slice(1).map((stretch) => stretch[of][figure])
  return (values.at(-1) as number) / Math.max(...values.slice(0, -1)) - 1
}
