import type { Answer } from '@latchkey/compare/measure/client'
import { quantile } from '@latchkey/compare/measure/statistics'
import { tally } from '../shared/report.ts'

/** What was asked for, and what came of it. */
interface Entry {
  what: string
  outcome: string
  right: boolean
  /** Whether it is what every request may be answered with while the database is away. */
  unavailable: boolean
  start: number
  ms: number
}

/** Every answer of the soak. */
export class Ledger {
  readonly #entries: Entry[] = []

  add(what: string, answer: Answer, right: boolean): void {
    const { status, code, headers, start, ms } = answer
    const unavailable = status === 503 && code === 'DATABASE_UNAVAILABLE' && /^\d+$/.test(headers['retry-after'] ?? '')
    this.#entries.push({ what, outcome: `${status}${code ? ` ${code}` : ''}`, right, unavailable, start, ms })
  }

  get count(): number {
    return this.#entries.length
  }

  /** What was answered between two moments: how many, and how fast. */
  between(from: number, to: number) {
    const times = this.#entries.filter(({ start, ms }) => start + ms >= from && start + ms < to).map(({ ms }) => ms)
    return { count: times.length, median: quantile(times, 0.5), p99: quantile(times, 0.99) }
  }

  /** What was not as expected, but for what the outage explains. */
  wrong(outage: { from: number; to: number }): string {
    const during = ({ start, ms }: Entry) => start + ms >= outage.from && start <= outage.to
    const wrong = this.#entries.filter((entry) => !entry.right && !(entry.unavailable && during(entry)))
    return tally(wrong.map(({ what, outcome }) => `${what} ${outcome}`))
  }

  /** What the outage explains. */
  get unavailable(): Entry[] {
    return this.#entries.filter(({ unavailable }) => unavailable)
  }

  /** Each kind of request, how many of it there were, and how they were answered. */
  kinds(): { what: string; count: number; outcomes: string; median: number; p99: number }[] {
    const kinds = new Map<string, Entry[]>()
    for (const entry of this.#entries) {
      const entries = kinds.get(entry.what)
      if (entries) entries.push(entry)
      else kinds.set(entry.what, [entry])
    }
    return [...kinds]
      .sort(([, some], [, others]) => others.length - some.length)
      .map(([what, entries]) => {
        const times = entries.map(({ ms }) => ms)
        const outcomes = tally(entries.map(({ outcome }) => outcome))
        return { what, count: entries.length, outcomes, median: quantile(times, 0.5), p99: quantile(times, 0.99) }
      })
  }
}
