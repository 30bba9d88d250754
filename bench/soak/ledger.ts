import type { Answer } from '@latchkey/compare/measure/client'
import { quantile } from '@latchkey/compare/measure/statistics'
import { frequencies } from '../shared/report.ts'

/** Records requests and their outcomes. */
interface Entry {
  what: string
  outcome: string
  right: boolean
  /** Whether every request may be answered so while the database is unavailable. */
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

  /** The number and latency of answers between two times. */
  between(from: number, to: number) {
    const times = this.#entries.filter(({ start, ms }) => start + ms >= from && start + ms < to).map(({ ms }) => ms)
    return { count: times.length, median: quantile(times, 0.5), p99: quantile(times, 0.99) }
  }

  /** Unexpected outcomes, except those that the outage explains. */
  wrong(outage: { from: number; to: number }): string {
    const during = ({ start, ms }: Entry) => start + ms >= outage.from && start <= outage.to
    const wrong = this.#entries.filter((entry) => !entry.right && !(entry.unavailable && during(entry)))
    return frequencies(wrong.map(({ what, outcome }) => `${what} ${outcome}`))
  }

  /** Outcomes that the outage explains. */
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
        const outcomes = frequencies(entries.map(({ outcome }) => outcome))
        return { what, count: entries.length, outcomes, median: quantile(times, 0.5), p99: quantile(times, 0.99) }
      })
  }
}
