import autocannon from 'autocannon'
import { frequencies } from '../report/frequencies.ts'

/** The request of a load. */
export interface Load {
  url: URL
  method: 'GET' | 'POST'
  headers?: Record<string, string>
  /** Made anew for each request. */
  body?: () => string
  /** The status of every answer; any other ends the run. */
  expected: number
  connections: number
  /**
   * Until when: for so many seconds, or until so many have been answered, of which each connection has a fixed share: a
   * quick one is done early.
   */
  until: { seconds: number } | { amount: number }
  /** Called with how many have been answered. */
  answered?: (count: number) => void
}

/** Of each answer, when it was there and how long it took, in milliseconds. */
export interface Answers {
  ends: number[]
  times: number[]
}

/** Longer than any answer may take, and longer than a first one of /secret does, in seconds. */
const ANSWERING = 60
const FIRST_ANSWER_S = 10

/** The interval at which autocannon checks whether it is done, in milliseconds. */
const GLANCE = 50

/** A service does not keep the contract: its figures would not be comparable. */
export class ServiceError extends Error {
  override name = 'ServiceError'
}

/** A hint for a status, on a line of its own; empty for most. */
export const adviceOn = (seen: string) =>
  /\b429\b(?! ×)/.test(seen) ? '\nSwitch its limits off: all that is asked here comes from one address.' : ''

/** An answer that was not expected makes all figures worthless. */
export class Unexpected extends ServiceError {
  constructor({ method, url, expected }: Pick<Load, 'method' | 'url' | 'expected'>, seen: string) {
    super(`${method} ${url} has to be answered with ${expected}, but there were ${seen}.${adviceOn(seen)}`)
  }
}

/**
 * Loads a server with autocannon.
 *
 * @param firstAnswerS how long it waits for a first answer at the least, in seconds
 * @throws Unexpected at the first answer that is not as expected
 */
export async function load(asked: Load, firstAnswerS = FIRST_ANSWER_S): Promise<Answers> {
  const { expected, connections, answered, until } = asked
  const ends: number[] = []
  const times: number[] = []
  const wrong: string[] = []
  // Without a callback it is both; its types know the promise alone.
  const instance = autocannon(optionsOf(asked, firstAnswerS)) as autocannon.Instance & Promise<autocannon.Result>
  const fail = (what: string) => {
    wrong.push(what)
    instance.stop()
  }
  instance.on('response', (_client, status, _bytes, time) => {
    if (status !== expected) fail(`${status}`)
    const now = performance.now()
    ends.push(now)
    times.push(time)
    answered?.(times.length)
    // Counted from the first answer on, however late that came.
    if ('seconds' in until && now - (ends[0] as number) >= until.seconds * 1000) instance.stop()
  })
  instance.on('reqError', (error) => fail(error.message))
  const { requests } = await instance
  // At the end each connection has one request in flight; the others were lost with their connections.
  const lost = requests.sent - times.length - ('seconds' in until ? connections : 0)
  const missing = times.length === 0 ? Math.max(1, lost) : lost
  if (wrong.length > 0) throw new Unexpected(asked, frequencies(wrong))
  if (missing > 0) throw new Unexpected(asked, `${missing} × no answer`)
  return { ends, times }
}

function optionsOf({ url, method, headers, body, connections, until }: Load, firstAnswerS: number): autocannon.Options {
  const json = body && { 'content-type': 'application/json' }
  return {
    url: url.origin,
    connections,
    timeout: ANSWERING,
    sampleInt: GLANCE,
    ...('seconds' in until ? { duration: Math.max(until.seconds, firstAnswerS) } : { amount: until.amount }),
    requests: [
      {
        method,
        path: url.pathname,
        headers: { ...headers, ...json },
        ...(body && { setupRequest: (request: autocannon.Request) => ({ ...request, body: body() }) })
      }
    ]
  }
}
