import autocannon from 'autocannon'
import { tally } from '../shared/report.ts'

/** What is asked again and again. */
export interface Load {
  url: URL
  method: 'GET' | 'POST'
  headers?: Record<string, string>
  /** Made anew for each request. */
  body?: () => string
  /** The status of every answer; any other ends the run. */
  expected: number
  connections: number
  /** Until when: for so many seconds, or until so many have been answered. */
  until: { seconds: number } | { amount: number }
  /** Called with how many have been answered. */
  answered?: (count: number) => void
}

/** Of each answer, when it was there and how long it took, in milliseconds. */
export interface Answers {
  ends: number[]
  times: number[]
}

/** Longer than any answer may take, in seconds. */
const PATIENCE = 60

/** How often autocannon looks whether it is done, in milliseconds. */
const GLANCE = 50

/** An answer that was not expected makes all figures worthless. */
export class Unexpected extends Error {
  constructor({ method, url, expected }: Pick<Load, 'method' | 'url' | 'expected'>, seen: string) {
    const advice = seen.includes('429') ? '\nSwitch its limits off: all that is asked here comes from one address.' : ''
    super(`${method} ${url} has to be answered with ${expected}, but there were ${seen}.${advice}`)
  }
}

/** Loads a server with autocannon. @throws Unexpected at the first answer that is not as expected */
export function load({ url, method, headers = {}, body, expected, connections, until, answered }: Load) {
  const ends: number[] = []
  const times: number[] = []
  const wrong: string[] = []
  const json = body && { 'content-type': 'application/json' }
  const options = {
    url: url.origin,
    connections,
    timeout: PATIENCE,
    sampleInt: GLANCE,
    ...('seconds' in until ? { duration: until.seconds } : { amount: until.amount }),
    requests: [
      {
        method,
        path: url.pathname,
        headers: { ...headers, ...json },
        ...(body && { setupRequest: (request: autocannon.Request) => ({ ...request, body: body() }) })
      }
    ]
  }
  return new Promise<Answers>((resolve, reject) => {
    const instance = autocannon(options, (error, { requests }) => {
      // Each connection has one request in flight when the time is over; more have been lost with their connections.
      const lost = requests.sent - times.length - connections
      if (times.length === 0 || lost > 0) wrong.push(...Array.from({ length: Math.max(1, lost) }, () => 'no answer'))
      if (error) reject(error)
      else if (wrong.length > 0) reject(new Unexpected({ method, url, expected }, tally(wrong)))
      else resolve({ ends, times })
    })
    const fail = (what: string) => {
      wrong.push(what)
      instance.stop?.()
    }
    instance.on('response', (_client, status, _bytes, time) => {
      if (status !== expected) fail(`${status}`)
      ends.push(performance.now())
      times.push(time)
      answered?.(times.length)
    })
    instance.on('reqError', (error) => fail(error.message))
  })
}
