/**
 * Scales out under constant traffic: instances of the built service on one PostgreSQL, behind a real HAProxy with
 * deploy/haproxy.cfg. Instances are added, killed, restarted and drained, and all are restarted one after the other.
 * For each event, counts and lists the answers that are errors for a client.
 *
 *   npm run build && node --import tsx bench/growing.ts --instances 2
 *
 * Starts its own servers with Debian's PostgreSQL and HAProxy programs and removes them at the end. Linux only. Takes
 * about 40 seconds with two instances and a minute with four, prints one line for each check, and exits with 1 if one
 * failed.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ask } from '@latchkey/compare/measure/client'
import { addresses } from './growing/addresses.ts'
import { Fleet } from './growing/fleet.ts'
import { NAMES } from './growing/haproxy.ts'
import { describe, type Seen, Traffic } from './growing/traffic.ts'
import { Cluster } from './shared/cluster.ts'
import { check, finish, milliseconds, note, title } from './shared/report.ts'

const { values } = parseArgs({ options: { instances: { type: 'string', default: '2' } } })
const instances = Number(values.instances)
if (!(instances >= 2 && instances <= NAMES.length)) throw new Error(`--instances is 2 to ${NAMES.length}`)

interface Event {
  name: string
  from: number
  /** The time at which the killed instance had exited. */
  gone?: number
}

const cluster = await Cluster.create({ settings: 'max_connections = 100\n' })
title(`Growing to ${instances} instances behind HAProxy`)
const fleet = await Fleet.of(instances - 1, cluster)
const traffic = await Traffic.to(fleet.base)
const events: Event[] = []
const last = instances - 1

await happen('nothing happens', () => pause(2000))
await happen('one is added', () => fleet.start(last))
await happen('one is killed (kill -9)', () => fleet.kill(0), { killed: true })
await happen('it is started again', () => fleet.start(0))
await happen('one is told to stop (SIGTERM)', () => fleet.stop(last))
await happen('it is started again', () => fleet.start(last))
await happen('one is drained at HAProxy, then told to stop', () => drain(0))
await happen('it is started again', () => fleet.start(0))
await happen('all are restarted, one after the other', async () => {
  for (let index = 0; index < instances; index += 1) {
    await fleet.stop(index)
    await fleet.start(index)
  }
})

const seen = await traffic.stop()
for (const [index, event] of events.entries()) judge(event, events[index + 1]?.from ?? Number.POSITIVE_INFINITY)
await traffic.checkPromises()
await withoutDatabase()
await fleet.stopAll()

await addresses(cluster)
cluster.kill()
finish()

async function happen(name: string, what: () => Promise<void>, { killed = false } = {}): Promise<void> {
  const event: Event = { name, from: performance.now() }
  events.push(event)
  await what()
  if (killed) event.gone = performance.now()
  // For delayed effects.
  await pause(1000)
}

/** Stops the database: no instance is ready, but HAProxy must still forward requests to them. */
async function withoutDatabase(): Promise<void> {
  const token = traffic.accessToken
  await cluster.stop()
  await allSeen(false)
  const secret = await ask(fleet.base, 'GET', '/secret', { token })
  const me = await ask(fleet.base, 'GET', '/me', { token })
  check(secret.status === 200, 'without the database /secret opens', `${secret.status}`)
  check(me.code === 'DATABASE_UNAVAILABLE', 'and /me says what is amiss', `${me.status} ${me.code}`)
  await cluster.start()
  await allSeen(true)
  const again = await ask(fleet.base, 'GET', '/me', { token })
  check(again.status === 200, 'when it is back, so is all else', `${again.status}`)
}

async function allSeen(up: boolean): Promise<void> {
  for (let index = 0; index < instances; index += 1) await fleet.haproxy.sees(index, up)
}

async function drain(index: number): Promise<void> {
  const server = `repeatable/${NAMES[index]}`
  await fleet.haproxy.command(`set server ${server} state drain`)
  await pause(500)
  await fleet.stop(index)
  await fleet.haproxy.command(`set server ${server} state ready`)
}

/**
 * The outcome of a registration in flight on a killed instance is unknown, so HAProxy does not retry it: it answers
 * 502, or closes a reused connection.
 */
function judge({ name, from, gone }: Event, to: number): void {
  const answers = seen.filter(({ end }) => end >= from && end < to)
  const errors = answers.filter(({ isRight }) => !isRight)
  const isLost = ({ route, status, reused, start }: Seen) =>
    gone !== undefined && start < gone && route === 'register' && (status === 502 || (status === 0 && reused))
  const lost = errors.filter(isLost)
  const others = errors.filter((answer) => !isLost(answer))
  const slowest = Math.max(...answers.map(({ start, end }) => end - start))
  const what = `${name}: no error${gone === undefined ? '' : ', but for registrations that were under way on it'}`
  check(
    answers.length > 0 && others.length === 0,
    what,
    describe(others) || `${answers.length} answers, the slowest after ${milliseconds(slowest)}`
  )
  if (lost.length > 0) note(`lost with it: ${describe(lost)}`)
}
