import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '@latchkey/compare/measure/client'
import { poll } from '@latchkey/compare/measure/poller'
import { rate } from '@latchkey/compare/measure/statistics'
import { Cluster } from '../shared/cluster.ts'
import { lowPriorityThreads } from '../shared/processes.ts'
import { check, frequencies, table, title } from '../shared/report.ts'
import type { Service } from '../shared/service.ts'
import { bcryptAlone, CONCURRENCY, COST, fileOf, keepLoggingIn, login, register, startService } from './logins.ts'
import { keepRefreshing, LATENCIES, latencies, p99, startControl } from './polling.ts'

const AT_ONCE = 32
const SECONDS = 30
const WARMING_UP = 3

/** The targets: milliseconds, and a share of the throughput of bcrypt alone. */
const SECRET = 5
const SHARE = 0.97

/** The intervals of polling, in milliseconds. */
const OFTEN = 20
const RARELY = 100

type What = '/secret' | 'the control' | '/token/refresh' | 'JWKS' | '/health/live'

interface Storm {
  answers: Record<What, Answer[]>
  logins: Answer[]
}

/** Measures other routes under a constant load of logins. */
async function storm(service: Service, control: string, seconds: number): Promise<Storm> {
  const { base } = service
  const { body } = await login(base)
  const session = { access: body.access_token as string, refresh: body.refresh_token as string }
  const warm = new AbortController()
  const over = new AbortController()
  const logins = keepLoggingIn(base, AT_ONCE, over.signal)
  setTimeout(() => warm.abort(), WARMING_UP * 1000)
  await pause(WARMING_UP * 1000)

  const start = performance.now()
  setTimeout(() => over.abort(), seconds * 1000)
  const { signal } = over
  // Uses the newest token, so that some are not cached yet.
  const [secret, empty, refresh, keys, live] = await Promise.all([
    poll(new URL('/secret', base), signal, { every: OFTEN, question: () => ({ token: session.access }) }),
    poll(new URL(control), signal, { every: OFTEN }),
    keepRefreshing(base, session, RARELY, signal),
    poll(new URL('/.well-known/jwks.json', base), signal, { every: RARELY }),
    poll(new URL('/health/live', base), signal, { every: RARELY })
  ])
  return {
    answers: { '/secret': secret, 'the control': empty, '/token/refresh': refresh, JWKS: keys, '/health/live': live },
    logins: (await logins).filter(({ start: begun, ms }) => begun + ms >= start)
  }
}

const loginRate = ({ logins }: Storm) => rate(logins.map(({ start, ms }) => start + ms))

function allRight({ answers, logins }: Storm, name: string): void {
  const all = [...Object.values(answers).flat(), ...logins]
  const wrong = all.filter(({ status }) => status !== 200)
  check(
    wrong.length === 0,
    `${name}: everything is answered with 200`,
    frequencies(wrong.map(({ status }) => `${status}`))
  )
}

function tell(storms: [string, Storm][]): void {
  const rows = storms.flatMap(([name, { answers }]) =>
    Object.entries(answers).map(([what, answers]) => [name, what, ...latencies(answers)])
  )
  title(table(['service', 'asked for', ...LATENCIES], rows))
}

/** Keeps 32 logins in flight: other routes must stay fast, and logins cost little more than their hashes. */
export async function loginsAllTheTime(): Promise<void> {
  title(`${AT_ONCE} logins always in flight at cost ${COST}, ${CONCURRENCY} hashes at once`)
  const cluster = await Cluster.create()
  const service = await startService(cluster)
  const control = await startControl()
  await register(service.base)

  const before = await bcryptAlone(SECONDS)
  const measured = await storm(service, control.url.origin, SECONDS)
  const after = await bcryptAlone(SECONDS)

  tell([['as built', measured]])
  allRight(measured, 'a storm')
  const { '/secret': secret, 'the control': empty } = measured.answers
  const seen = `${p99(secret).toFixed(1)} ms; of the control ${p99(empty).toFixed(1)} ms`
  check(p99(secret) <= SECRET, `p99 of /secret is at most ${SECRET} ms`, seen)
  const share = loginRate(measured) / ((before + after) / 2)
  check(
    share >= SHARE,
    `logins are at least ${SHARE * 100} % of what bcrypt does alone`,
    `${(share * 100).toFixed(1)} %: ${loginRate(measured).toFixed(2)} logins a second, ` +
      `bcrypt ${before.toFixed(2)} before and ${after.toFixed(2)} after`
  )
  control.end()
  await service.stop()
  cluster.kill()
}

const ROUNDS = 3

/** Compares the service's threads of lower priority with bcrypt's own pool behind the same queue, in alternation. */
export async function twoPools(): Promise<void> {
  title('Threads of lower priority, and the pool of bcrypt itself')
  const cluster = await Cluster.create()
  const control = await startControl()
  const built = await startService(cluster)
  await register(built.base)
  const replaced = await startService(cluster, { execArgv: ['--import', fileOf('replace-piscina.js')] })

  const storms: [string, Storm][] = []
  const rates: (string | number)[][] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    const alone = await bcryptAlone(SECONDS / 2)
    for (const [name, service, niced] of [
      ['threads of lower priority', built, CONCURRENCY],
      ["bcrypt's own pool", replaced, 0]
    ] as const) {
      const measured = await storm(service, control.url.origin, SECONDS / 2)
      check(lowPriorityThreads(service.pid) === niced, `${name}: ${niced} threads of lower priority hash`)
      allRight(measured, name)
      storms.push([`${name}, ${round}`, measured])
      const ofAlone = (loginRate(measured) / alone) * 100
      rates.push([`${name}, ${round}`, loginRate(measured).toFixed(2), alone.toFixed(2), `${ofAlone.toFixed(1)} %`])
    }
  }
  tell(storms)
  title(table(['service', 'logins a second', 'bcrypt alone before', 'share'], rates))
  control.end()
  await built.stop()
  await replaced.stop()
  cluster.kill()
}
