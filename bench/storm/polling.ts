import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask } from '@latchkey/compare/measure/client'
import { CONTROL, forkServer } from '@latchkey/compare/measure/forked'
import { quantile } from '@latchkey/compare/measure/statistics'
import { generateLoad } from '../shared/load.ts'
import { fromElsewhere } from './logins.ts'

/** Refreshes a session repeatedly, at an interval in milliseconds or without a pause. */
export function keepRefreshing(
  base: string,
  session: { access: string; refresh: string },
  interval: number,
  signal: AbortSignal
): Promise<Answer[]> {
  return generateLoad(1, signal, async (agent) => {
    const payload = { refresh_token: session.refresh }
    const answer = await ask(base, 'POST', '/token/refresh', { payload, headers: fromElsewhere(), agent })
    const { access_token: access, refresh_token: refresh } = answer.body
    if (answer.status === 200) Object.assign(session, { access, refresh })
    if (answer.ms < interval) await pause(interval - answer.ms)
    return answer
  })
}

/** A server without work, for comparison. */
export const startControl = () => forkServer(CONTROL)

const precise = (time: number) => time.toFixed(1)

/** The cells of a table: the count, and the median, 99th percentile and maximum in milliseconds. */
export function latencies(answers: Answer[]): (string | number)[] {
  const times = answers.map(({ ms }) => ms)
  return [answers.length, precise(quantile(times, 0.5)), precise(quantile(times, 0.99)), precise(quantile(times, 1))]
}

export const LATENCIES = ['asked', 'p50 ms', 'p99 ms', 'max ms']

export const p99 = (answers: Answer[]) =>
  quantile(
    answers.map(({ ms }) => ms),
    0.99
  )
