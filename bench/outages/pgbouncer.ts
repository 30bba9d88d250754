import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask, PASSWORD } from '@latchkey/compare/measure/client'
import { Cluster } from '../shared/cluster.ts'
import { PgBouncer } from '../shared/pgbouncer.ts'
import { check, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { Clients } from './clients.ts'
import { endure } from './outage.ts'
import { raceRefreshes } from './races.ts'

export async function behindPgBouncer(): Promise<void> {
  title('PgBouncer')
  const cluster = await Cluster.create()
  const pgbouncer = await PgBouncer.before(cluster)
  if (!pgbouncer) {
    note('skipped: there is no PgBouncer here')
    cluster.kill()
    return
  }
  const databaseUrl = cluster.url(pgbouncer.port)
  const start = performance.now()
  const services = await Promise.all([Service.start({ databaseUrl }), Service.start({ databaseUrl })])
  check(
    true,
    'PgBouncer: two instances start at once on an empty database',
    `${Math.round(performance.now() - start)} ms`
  )
  const [service, other] = services
  await session(service, other)
  await raceRefreshes([service.base, other.base])

  const rig = { service, clients: await Clients.of(80, service.base, other.base) }
  await endure(rig, {
    name: 'PgBouncer restarted',
    begin: async () => {
      await pgbouncer.stop()
      await pgbouncer.start()
    },
    end: () => {},
    seconds: 0
  })
  await endure(rig, { name: 'PgBouncer away', begin: () => pgbouncer.stop(), end: () => pgbouncer.start() })
  // PgBouncer waits 15 s between attempts to connect to its server.
  const behind = { recovery: 17 }
  await endure(rig, {
    name: 'the server behind PgBouncer stopped',
    begin: () => cluster.stop(),
    end: () => cluster.start(),
    ...behind
  })
  await endure(rig, {
    name: 'the server behind PgBouncer hung',
    begin: () => cluster.hang(),
    end: () => cluster.resume(),
    ...behind
  })

  for (const each of services) await each.stop()

  await cluster.stop()
  for (const isNew of [false, true]) {
    if (isNew) await Promise.all([pgbouncer.stop(), cluster.stop()])
    if (isNew) await pgbouncer.start()
    const name = `a start while the server behind ${isNew ? 'a new' : 'the'} PgBouncer is away`
    const early = await Service.launch({ databaseUrl })
    await pause(4000)
    const waiting = (await Promise.race([early.ended, pause(0)])) === undefined
    check(waiting, `${name}: it waits`, waiting ? '' : early.log().trim())
    await cluster.start()
    if (waiting) check(await early.isReady(25_000), `${name}: and goes on when it is there`, early.log().trim())
    await early.stop()
  }
  await pgbouncer.stop()
  cluster.kill()
}

/** Does everything that an account can do, alternating between the instances. */
async function session(one: Service, other: Service): Promise<void> {
  const names = { username: 'traveller', password: PASSWORD }
  const changed = `${PASSWORD} again`
  const statuses: string[] = []
  const seen = (answer: Answer) => {
    statuses.push(`${answer.status}`)
    return answer.body
  }
  seen(await ask(one.base, 'POST', '/register', { payload: names }))
  const first = seen(await ask(other.base, 'POST', '/login', { payload: names }))
  const second = seen(
    await ask(one.base, 'POST', '/token/refresh', { payload: { refresh_token: first.refresh_token } })
  )
  const token = second.access_token
  seen(await ask(other.base, 'GET', '/sessions', { token }))
  const payload = { current_password: PASSWORD, new_password: changed }
  seen(await ask(one.base, 'POST', '/password/change', { payload, token }))
  seen(await ask(other.base, 'POST', '/login', { payload: names }))
  seen(await ask(one.base, 'POST', '/login', { payload: { ...names, password: changed } }))
  seen(await ask(other.base, 'DELETE', '/sessions', { token }))
  seen(await ask(one.base, 'POST', '/logout', { payload: { refresh_token: second.refresh_token } }))
  seen(await ask(other.base, 'GET', '/me', { token }))
  check(
    statuses.join(' ') === '201 200 200 200 204 401 200 204 204 401',
    'PgBouncer: register, login, refresh, sessions, password change and logout over two instances',
    statuses.join(' ')
  )
}
