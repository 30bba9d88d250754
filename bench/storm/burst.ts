import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask, inTurns } from '@latchkey/compare/measure/client'
import { Cluster } from '../shared/cluster.ts'
import { residentMemory } from '../shared/processes.ts'
import { check, frequencies, megabytes, milliseconds, note, title } from '../shared/report.ts'
import type { Service } from '../shared/service.ts'
import { bcryptAlone, CONCURRENCY, login, QUEUE, register, startService } from './logins.ts'
import { startControl } from './polling.ts'

const AT_ONCE = 200

/** The number of repetitions. */
const BURSTS = 3

/** The target for a refusal, in milliseconds. */
const AT_ONCE_REFUSED = 100

/** The tolerance for waiting times above the ideal, and for memory a minute later above the memory before. */
const TOLERANCE = 0.1

/** Slightly longer than the idle timeout of the threads, in milliseconds. */
const REST = 65_000

/** Sends many more concurrent logins than fit into the queue: without limits, and each from another address. */
export async function loginsAtOnce(): Promise<void> {
  for (const limits of ['off', 'on'] as const) await loginsWith(limits)
}

async function loginsWith(limits: 'off' | 'on'): Promise<void> {
  title(`${AT_ONCE} logins at once, LIMITS=${limits}`)
  const oneHash = (CONCURRENCY / (await bcryptAlone(10))) * 1000
  const idle = await slowestOfNothing()
  const cluster = await Cluster.create()
  const service = await startService(cluster, { limits })
  await register(service.base)
  await warmUp(service)

  const before = residentMemory(service.pid)
  const memory = watchMemory(service)
  const bursts: Answer[][] = []
  for (let burst = 0; burst < BURSTS; burst += 1) {
    bursts.push(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => login(service.base, index))))
  }
  const highest = await memory.end()

  for (const answers of bursts)
    note(frequencies(answers.map(({ status, code }) => `${status}${code ? ` ${code}` : ''}`)))
  const done = bursts.map((answers) => answers.filter(({ status }) => status === 200))
  const refused = bursts.map((answers) => answers.filter(({ code }) => code === 'OVERLOADED'))
  const others = bursts.flat().length - done.flat().length - refused.flat().length
  check(others === 0, 'each is answered with 200 or with 503 OVERLOADED')
  const least = Math.min(...done.map(({ length }) => length))
  check(least >= QUEUE + CONCURRENCY, 'as many get in as may run and wait', `${least}`)
  const longest = slowestOf(done.flat())
  const worth = ((QUEUE + CONCURRENCY) * oneHash) / CONCURRENCY
  check(
    longest <= worth * (1 + TOLERANCE),
    'nobody waits for longer than the queue is worth',
    `${milliseconds(longest)}; the queue is worth ${milliseconds(worth)}`
  )
  const slowest = refused.map(slowestOf)
  check(
    Math.max(...slowest) < AT_ONCE_REFUSED,
    `a refusal takes less than ${AT_ONCE_REFUSED} ms`,
    `the slowest of each time ${slowest.map(milliseconds).join(', ')}; of a server that does nothing ${milliseconds(idle)}`
  )

  await pause(REST)
  const after = residentMemory(service.pid)
  check(
    after <= before * (1 + TOLERANCE),
    'the memory comes back',
    `${megabytes(before)} before, ${megabytes(highest)} at most, ${megabytes(after)} a minute later`
  )
  await service.stop()
  cluster.kill()
}

/** Warms up the service, since first requests take longer. */
async function warmUp({ base }: Service): Promise<void> {
  const numbers = Array.from({ length: AT_ONCE }, (_, index) => index)
  for (let time = 0; time < 5; time += 1) {
    await Promise.all(numbers.map(() => ask(base, 'POST', '/login', { payload: { unknown: true } })))
    await inTurns(numbers.slice(0, 20), 20, (index) => login(base, index))
  }
}

const slowestOf = (answers: Answer[]) => Math.max(...answers.map(({ ms }) => ms))

/** The latency of the client and the machine alone, measured on an idle server. */
async function slowestOfNothing(): Promise<number> {
  const { url, end } = await startControl()
  const askAll = () => Promise.all(Array.from({ length: AT_ONCE }, () => ask(url.origin, 'GET', '/')))
  await askAll()
  const answers = await askAll()
  end()
  return slowestOf(answers)
}

function watchMemory({ pid }: Service) {
  let highest = 0
  let over = false
  const watching = (async () => {
    while (!over) {
      highest = Math.max(highest, residentMemory(pid))
      await pause(20)
    }
  })()
  return {
    async end(): Promise<number> {
      over = true
      await watching
      return highest
    }
  }
}
