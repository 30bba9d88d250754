import { setTimeout as pause } from 'node:timers/promises'
import { ask, PASSWORD } from '@latchkey/compare/measure/client'
import type { Issuer } from '../../test/helpers/issuer.ts'
import { Fleet } from '../growing/fleet.ts'
import { Cluster } from '../shared/cluster.ts'
import { PgBouncer } from '../shared/pgbouncer.ts'
import { check, frequencies, milliseconds, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { Person, SIGNED_IN } from './person.ts'
import { startIssuer } from './providers.ts'
import { trySeveral } from './together.ts'

/** Two instances behind HAProxy: requests alternate between them. */
export async function behindHaProxy(): Promise<void> {
  title('two instances behind HAProxy')
  const { issuer, environment } = await startIssuer()
  const cluster = await Cluster.create()
  const fleet = await Fleet.of(2, cluster, environment)
  const { base } = fleet
  await trySeveral(issuer, () => base)

  const people = Array.from({ length: 10 }, (_, index) => new Person(issuer, `killed-${index}`))
  const answers = await Promise.all(people.map((person) => person.begin(base)))
  await fleet.kill(0)
  const seen = await Promise.all(people.map((person, index) => person.follow(base, String(answers[index]))))
  check(
    seen.every((each) => each === SIGNED_IN),
    'the answers of ten people arrive after one instance was killed',
    [...new Set(seen)].join(', ')
  )
  await fleet.start(0)

  await tryUnanswered(issuer, base)
  await fleet.stopAll()
  cluster.kill()
}

/** The provider does not answer fifty people: more than an instance has connections to the database. */
async function tryUnanswered(issuer: Issuer, base: string): Promise<void> {
  issuer.lies.answer = (path, answer) => (path === '/token' ? undefined : answer)
  const people = Array.from({ length: 50 }, (_, index) => new Person(issuer, `late-${index}`))
  const answers = await Promise.all(people.map((person) => person.begin(base)))
  const [before, began] = [issuer.count('/token'), performance.now()]
  const followed = people.map((person, index) => person.follow(base, String(answers[index])))
  await pause(1000)
  const payload = { username: 'meanwhile', password: PASSWORD }
  const { status, ms: meanwhile } = await ask(base, 'POST', '/register', { payload })
  check(
    status === 201 && meanwhile < 2000,
    'a registration is not slowed down by fifty answers that wait for a provider',
    `${status} after ${milliseconds(meanwhile)}`
  )
  const seen = frequencies(await Promise.all(followed))
  const ms = performance.now() - began
  const requests = issuer.count('/token') - before
  check(
    seen === '50 × 503' && ms < 13_000 && requests === 100,
    'the provider is asked twice for each, and each gets a page after 10 s',
    `${seen} after ${milliseconds(ms)}, asked ${requests} times`
  )
}

/** Two instances behind PgBouncer in transaction mode. */
export async function behindPgBouncer(): Promise<void> {
  title('PgBouncer')
  const cluster = await Cluster.create()
  const pgbouncer = await PgBouncer.before(cluster)
  if (!pgbouncer) {
    note('skipped: there is no PgBouncer here')
    cluster.kill()
    return
  }
  const { issuer, environment } = await startIssuer()
  const options = {
    databaseUrl: cluster.url(pgbouncer.port),
    environment: { ...environment, LOG_LEVEL: 'error' }
  }
  const services = [await Service.start(options), await Service.start(options)] as const
  let turn = 0
  await trySeveral(issuer, () => {
    turn += 1
    return services[turn % 2 ? 0 : 1].base
  })
  const logs = services.map((service) => service.log().trim()).filter(Boolean)
  check(logs.length === 0, 'no error in the log', logs.join('\n'))
  for (const service of services) await service.stop()
  await pgbouncer.stop()
  cluster.kill()
}
