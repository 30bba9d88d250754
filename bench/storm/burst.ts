import { setTimeout as pause } from 'node:timers/promises'
import { Cluster } from '../shared/cluster.ts'
import { check, megabytes, milliseconds, note, tally, title } from '../shared/report.ts'
import type { Service } from '../shared/service.ts'
import { bcryptAlone, CONCURRENCY, login, QUEUE, register, startService } from './logins.ts'

const AT_ONCE = 200

/** The target for a refusal, in milliseconds. */
const AT_ONCE_REFUSED = 100

/** How far what waits may be above its worth, and the memory a minute later above the memory before. */
const TOLERANCE = 0.1

/** A little longer than the threads live with nothing to do, in milliseconds. */
const REST = 65_000

/** Many more logins at once than may wait. */
export async function loginsAtOnce(): Promise<void> {
  title(`${AT_ONCE} logins at once`)
  const oneHash = (CONCURRENCY / (await bcryptAlone(10))) * 1000
  const cluster = await Cluster.create()
  const service = await startService(cluster)
  await register(service.base)
  await Promise.all(Array.from({ length: 20 }, (_, index) => login(service.base, index)))

  const before = service.memory()
  const memory = watchMemory(service)
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => login(service.base, index)))
  const highest = await memory.end()

  note(tally(answers.map(({ status, code }) => `${status}${code ? ` ${code}` : ''}`)))
  const done = answers.filter(({ status }) => status === 200)
  const refused = answers.filter(({ status, code }) => status === 503 && code === 'OVERLOADED')
  check(done.length + refused.length === AT_ONCE, 'each is answered with 200 or with 503 OVERLOADED')
  check(done.length >= QUEUE + CONCURRENCY, 'as many get in as may run and wait', `${done.length}`)
  const longest = Math.max(...done.map(({ ms }) => ms))
  const worth = ((QUEUE + CONCURRENCY) * oneHash) / CONCURRENCY
  check(
    longest <= worth * (1 + TOLERANCE),
    'nobody waits for longer than the queue is worth',
    `${milliseconds(longest)}; the queue is worth ${milliseconds(worth)}`
  )
  const slowest = Math.max(...refused.map(({ ms }) => ms))
  check(slowest < AT_ONCE_REFUSED, `a refusal takes less than ${AT_ONCE_REFUSED} ms`, milliseconds(slowest))

  await pause(REST)
  const after = service.memory()
  check(
    after <= before * (1 + TOLERANCE),
    'the memory comes back',
    `${megabytes(before)} before, ${megabytes(highest)} at most, ${megabytes(after)} a minute later`
  )
  await service.stop()
  cluster.kill()
}

function watchMemory(service: Service) {
  let highest = 0
  let over = false
  const watching = (async () => {
    while (!over) {
      highest = Math.max(highest, service.memory())
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
