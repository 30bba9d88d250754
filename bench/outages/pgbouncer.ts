import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { type Answer, ask, PASSWORD } from '@latchkey/compare/measure/client'
import { Cluster } from '../shared/cluster.ts'
import { findProgram, freePort, launch, own, temporaryFolder } from '../shared/processes.ts'
import { check, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { Clients } from './clients.ts'
import { endure } from './outage.ts'
import { raceRefreshes } from './races.ts'

const PROGRAM = findProgram('/usr/sbin/pgbouncer', '/usr/bin/pgbouncer')

/** Settings of a role that could affect the service's statements. */
const HOSTILE = [
  "DateStyle = 'German, DMY'",
  "TimeZone = 'Asia/Kathmandu'",
  'standard_conforming_strings = off',
  'default_transaction_isolation = serializable',
  'extra_float_digits = -15',
  "bytea_output = 'escape'"
]

/** PgBouncer with its default settings, in transaction mode. */
class PgBouncer {
  readonly port: number
  readonly #file: string
  #child: ChildProcess | undefined

  private constructor(port: number, file: string) {
    this.port = port
    this.#file = file
    atExit(() => this.#child?.kill('SIGKILL'))
  }

  static async before(target: number): Promise<PgBouncer> {
    const folder = temporaryFolder()
    const port = await freePort()
    const settings = `[databases]
* = host=127.0.0.1 port=${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
logfile = ${join(folder, 'log')}
pool_mode = transaction
`
    const file = join(folder, 'pgbouncer.ini')
    writeFileSync(join(folder, 'users'), '"latchkey" ""\n')
    writeFileSync(file, settings)
    own(join(folder, 'users'))
    own(file)
    const pgbouncer = new PgBouncer(port, file)
    await pgbouncer.start()
    return pgbouncer
  }

  async start(): Promise<void> {
    this.#child = launch(PROGRAM as string, ['-q', this.#file])
    await pause(300)
    if (this.#child.exitCode !== null) throw new Error(`PgBouncer ended with ${this.#child.exitCode}`)
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child?.once('exit', resolve))
    this.#child?.kill('SIGTERM')
    await ended
  }
}

export async function behindPgBouncer(): Promise<void> {
  title('PgBouncer')
  if (!PROGRAM) {
    note('skipped: there is no PgBouncer here')
    return
  }
  const cluster = await Cluster.create()
  // The service does not control these settings, and PgBouncer passes them on to each of its clients.
  for (const setting of HOSTILE) await cluster.admin(`ALTER ROLE latchkey SET ${setting}`)
  const pgbouncer = await PgBouncer.before(cluster.port)
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
