import { setTimeout as pause } from 'node:timers/promises'
import { openFiles } from '../shared/processes.ts'
import { check, frequencies, milliseconds, note } from '../shared/report.ts'
import type { Service } from '../shared/service.ts'
import { type Clients, type Route, say, type Visit, watch } from './clients.ts'

const PER_SECOND = 50

/**
 * The limit on the time of an answer, in milliseconds: the database timeout of 5 s, and tolerance for a busy machine.
 * Routes that hash a password may take `HASHING` longer.
 */
const LONGEST_MS = 6000
const HASHING = 3000

/** The allowance for requests of the service itself. */
const STRAY = 5

/** The service, its clients, and a counter of the connections that it opens. */
export interface Rig {
  service: Service
  clients: Clients
  connections?: () => number
}

export interface Outage {
  name: string
  begin: () => Promise<unknown> | unknown
  end: () => Promise<unknown> | unknown
  /** The duration, in seconds. */
  seconds?: number
  /** The requests that may succeed during the outage: none, reads, or all that the database still serves. */
  goesOn?: 'nothing' | 'reads' | 'some'
  /** The limit on the recovery after its end, in seconds. */
  recovery?: number
  /** The number of requests that may be refused after that. */
  stragglers?: number
  /** Runs during the outage; called with its duration in milliseconds. */
  meanwhile?: (duration: number) => Promise<unknown>
}

/** Subjects a service under load to an outage, and checks the contract. */
export async function endure({ service, clients, connections }: Rig, outage: Outage): Promise<void> {
  const { name, begin, end, seconds = 10, recovery = 3, stragglers = 0, meanwhile } = outage
  const logged = service.log().length
  const descriptors = openFiles(service.pid)
  const stop = new AbortController()
  const watching = watch(service.base, clients.accessToken, stop.signal)
  const loading = clients.load(PER_SECOND, stop.signal)
  await pause(1000)

  await begin()
  const began = performance.now()
  const connected = connections?.() ?? 0
  const burst = Promise.all(Array.from({ length: outage.goesOn === 'reads' ? 0 : 50 }, () => clients.visit('login')))
  const seen = meanwhile?.(seconds * 1000)
  const round = await clients.round()
  await pause(seconds * 1000 - (performance.now() - began))
  await seen
  const connecting = (connections?.() ?? 0) - connected
  const ending = performance.now()
  await end()
  const ended = performance.now()
  await pause((recovery + 3) * 1000)
  stop.abort()
  const visits = [...(await loading), ...(await burst), ...round]
  const free = await watching

  if (seconds > 0)
    judge(
      outage,
      visits.filter(({ start, ms }) => start >= began && start + ms <= ending)
    )
  const outside = visits.filter(({ verdict }) => verdict === 'wrong')
  check(outside.length === 0, `${name}: before, during and after it no other answer`, frequencies(outside.map(say)))
  check(
    free.wrong === '' && free.slowest < 1000,
    `${name}: /secret, JWKS, /docs and /health/live answer`,
    free.wrong || `${free.count} times, the slowest after ${milliseconds(free.slowest)}`
  )
  if (connections) {
    const asked = visits.filter(({ start }) => start >= began && start < ending).length
    check(
      connecting <= asked + STRAY,
      `${name}: no storm of connections`,
      `${connecting} in ${seconds} s of ${Math.round(asked / seconds)} requests/s`
    )
  }
  const late = visits.filter(
    ({ start, verdict }) => start > ended && (verdict === 'unavailable' || verdict === 'wrong')
  )
  const recovered = Math.max(0, ...late.map(({ start }) => start - ended))
  check(
    late.filter(({ start }) => start - ended > recovery * 1000).length <= stragglers,
    `${name}: everything works again`,
    late.length === 0 ? 'at once' : `the last refusal after ${milliseconds(recovered)} (${frequencies(late.map(say))})`
  )
  await reckon(name, clients)
  report(service, logged, descriptors)
}

/** The requests and answers during the outage. */
function judge({ name, goesOn = 'nothing' }: Outage, during: Visit[]): void {
  const unfit = during.filter(({ verdict, route }) => !fits(verdict, route, goesOn))
  const refused = during.filter(({ verdict }) => verdict === 'unavailable')
  check(
    unfit.length === 0 && refused.length > 0,
    `${name}: ${goesOn === 'nothing' ? 'what needs the database' : 'what cannot be done'} is answered with 503`,
    unfit.length === 0 && goesOn === 'nothing' ? `${refused.length} times` : frequencies(during.map(say))
  )
  const hashes = ({ route }: Visit) => route === 'register' || (route === 'login' && goesOn !== 'nothing')
  const slow = during.filter((visit) => visit.ms > (hashes(visit) ? HASHING : 0) + LONGEST_MS)
  const slowest = (visits: Visit[]) => milliseconds(Math.max(0, ...visits.map(({ ms }) => ms)))
  check(
    slow.length === 0,
    `${name}: and that in time`,
    `${slowest(during.filter((visit) => !hashes(visit)))} at most, ${slowest(during.filter(hashes))} with a hash`
  )
}

function fits(verdict: Visit['verdict'], route: Route, goesOn: Outage['goesOn']): boolean {
  if (verdict === 'unavailable') return true
  if (goesOn === 'nothing') return false
  if (verdict === 'overloaded') return true
  return verdict === 'right' && (goesOn === 'some' || route === 'me' || route === 'ready')
}

/** What was acknowledged is there. */
async function reckon(name: string, clients: Clients): Promise<void> {
  const missing = await clients.missing()
  check(
    missing.length === 0,
    `${name}: every acknowledged account logs in`,
    missing.length === 0 ? `${clients.acknowledged.length} of them` : missing.join(', ')
  )
  const lost = await clients.lostSessions()
  check(lost === 0, `${name}: every session lives on`, lost === 0 ? '' : `${lost} lost`)
  const unacknowledged = await clients.unacknowledged()
  if (unacknowledged > 0) note(`${unacknowledged} registrations that were answered with 503 were made all the same`)
}

/** Checks the log and the open handles of the service. */
function report(service: Service, logged: number, descriptors: number): void {
  const log = service.log().slice(logged)
  const lines = log.split('\n').filter(Boolean)
  const grave = lines.filter((line) => !(line.startsWith('{') && JSON.parse(line).level < 50))
  check(grave.length === 0, 'nothing in the log is an error of its own', grave[0])
  note(
    `${lines.length} lines in the log (${Math.round(log.length / 1024)} KiB), ` +
      `${descriptors} descriptors before and ${openFiles(service.pid)} after`
  )
}
