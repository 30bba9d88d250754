import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask, PASSWORD } from '@latchkey/compare/measure/client'
import { Cluster } from '../shared/cluster.ts'
import { check, frequencies, milliseconds, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { openSocket, send } from '../shared/sockets.ts'
import { Clients } from './clients.ts'
import { TcpProxy } from './proxy.ts'

const ENTERING = 8

/** The time within which the signal takes effect, in milliseconds. */
const HEARD = 100

export async function stops(): Promise<void> {
  title('Stopping')
  const cluster = await Cluster.create()
  const proxy = await TcpProxy.before(cluster.port)
  const databaseUrl = cluster.url(proxy.port)
  await underLoad(databaseUrl)
  await killed(databaseUrl)
  await secondSignal(databaseUrl)
  await halfSent(databaseUrl)
  await whileSilent(databaseUrl, proxy)
  proxy.close()
  cluster.kill()
}

interface Asked extends Answer {
  what: string
}

/** Clients that register, log in and request /secret in a loop until the service has exited. */
function enter(base: string, keepAlive: boolean, asked: Asked[], acknowledged: string[], signal: AbortSignal) {
  const agent = keepAlive ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : undefined
  const question = async (what: string, method: string, path: string, rest: object) => {
    const answer = await ask(base, method, path, { ...rest, ...(agent && { agent }) })
    asked.push({ ...answer, what: `${what}${keepAlive ? ' (kept alive)' : ''}` })
    return answer
  }
  return async (client: number) => {
    for (let count = 0; !signal.aborted; count += 1) {
      const payload = { username: `stop.${Date.now().toString(36)}.${client}.${count}`, password: PASSWORD }
      const registered = await question('register', 'POST', '/register', { payload })
      if (registered.status === 201) acknowledged.push(payload.username)
      const { body } = await question('login', 'POST', '/login', { payload })
      await question('secret', 'GET', '/secret', { token: body.access_token ?? 'none' })
      if (registered.status === 0) await pause(20)
    }
    agent?.destroy()
  }
}

async function underLoad(databaseUrl: string): Promise<void> {
  const service = await Service.start({ databaseUrl })
  const asked: Asked[] = []
  const acknowledged: string[] = []
  const gone = new AbortController()
  const clients = Array.from({ length: 2 * ENTERING }, (_, index) =>
    enter(service.base, index < ENTERING, asked, acknowledged, gone.signal)(index)
  )
  await pause(3000)
  const open = await Promise.all(Array.from({ length: 4 }, () => openSocket(service.base)))
  await pause(100)

  const start = performance.now()
  const stopping = service.stop()
  await pause(5)
  const late = await Promise.all(
    open.map((socket, index) =>
      send(socket, index % 2 ? request('GET', '/health/live') : request('GET', '/health/ready'))
    )
  )
  const { code, ms } = await stopping
  gone.abort()
  await Promise.all(clients)

  check(code === 0 && ms < 12_000, 'SIGTERM under load ends it', `exit ${code} after ${milliseconds(ms)}`)
  const name = ({ what, status, code }: Asked) => `${what} ${status}${code ? ` ${code}` : ''}`
  const right = (answer: Answer) => answer.status === 200 || answer.status === 201
  const refusedWell = ({ status, code, headers }: Answer) =>
    status === 503 && code === 'OVERLOADED' && /^\d+$/.test(headers['retry-after'] ?? '')
  // The signal takes effect after a moment: requests before the first refusal may still succeed.
  const refusals = asked.filter((answer) => answer.start >= start && refusedWell(answer))
  const heard = Math.min(...refusals.map((answer) => answer.start + answer.ms))
  const isNew = (answer: Answer) => answer.start >= (right(answer) ? heard : start)
  const before = asked.filter((answer) => !isNew(answer))
  const flying = before.filter((answer) => answer.start + answer.ms > start)
  check(
    flying.every((answer) => right(answer) || refusedWell(answer)) && flying.some(right),
    'what was in flight is answered',
    frequencies(flying.map(name))
  )
  check(
    before.every((answer) => flying.includes(answer) || right(answer)),
    'what was answered before was right',
    frequencies(before.filter((answer) => !flying.includes(answer)).map(name))
  )
  // A persistent connection may be closed just when it is reused: clients retry then (RFC 9112 §9.3.1).
  const after = asked.filter(isNew)
  const refused = ({ status, code, reused }: Answer) => status === 0 && (code === 'ECONNREFUSED' || reused)
  check(
    after.every((answer) => refusedWell(answer) || refused(answer)) && heard < start + HEARD,
    'what is new is refused',
    frequencies(after.map((answer) => `${name(answer)}${answer.reused ? ' (reused)' : ''}`))
  )
  check(
    late.every((text) => text === '' || /^HTTP\/1.1 503 .*retry-after: \d+.*"code":"OVERLOADED"/is.test(text)),
    'a connection that is open already is told so, for /health/ready first',
    frequencies(late.map((text) => text.split('\r\n')[0] || 'closed'))
  )
  await remember(databaseUrl, acknowledged, 'SIGTERM under load')
}

async function killed(databaseUrl: string): Promise<void> {
  const service = await Service.start({ databaseUrl })
  const acknowledged: string[] = []
  const gone = new AbortController()
  const clients = Array.from({ length: 2 * ENTERING }, (_, index) =>
    enter(service.base, index < ENTERING, [], acknowledged, gone.signal)(index)
  )
  await pause(3000)
  await service.stop('SIGKILL')
  gone.abort()
  await Promise.all(clients)
  await remember(databaseUrl, acknowledged, 'kill -9 under load')
}

/** Restarts the service, and checks every account. */
async function remember(databaseUrl: string, acknowledged: string[], name: string): Promise<void> {
  const service = await Service.start({ databaseUrl })
  const clients = new Clients(service.base)
  clients.acknowledged.push(...acknowledged)
  const missing = await clients.missing()
  check(
    missing.length === 0 && acknowledged.length > 0,
    `${name}: every acknowledged account logs in after a restart`,
    missing.join(', ') || `${acknowledged.length} of them`
  )
  await service.stop()
}

const UNFINISHED = {
  'no request': '',
  'half a head': 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-',
  'half a body':
    'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"username"'
}

async function halfSent(databaseUrl: string): Promise<void> {
  for (const [name, text] of Object.entries(UNFINISHED)) {
    const service = await Service.start({ databaseUrl })
    const answer = send(await openSocket(service.base), text)
    await pause(300)
    const { code, ms } = await service.stop()
    check(
      code === 0 && ms < 12_000,
      `SIGTERM while a client has sent ${name}`,
      `exit ${code} after ${milliseconds(ms)}`
    )
    const [head = ''] = (await answer).split('\r\n')
    note(`its connection: ${head || 'closed without an answer'}`)
  }
}

async function secondSignal(databaseUrl: string): Promise<void> {
  const service = await Service.start({ databaseUrl })
  send(await openSocket(service.base), UNFINISHED['half a body'])
  await pause(300)
  service.signal('SIGTERM')
  await pause(1000)
  const { code, ms } = await service.stop()
  check(code === 1 && ms < 1000, 'a second SIGTERM ends it at once', `exit ${code} after ${milliseconds(ms)}`)
}

/**
 * Stops the service while the database is silent: with idle connections, with requests that wait for the database,
 * and with requests that will need it after a hash.
 */
async function whileSilent(databaseUrl: string, proxy: TcpProxy): Promise<void> {
  for (const [path, waiting] of [
    ['/login', 0],
    ['/login', 50],
    ['/register', 14]
  ] as const) {
    const service = await Service.start({ databaseUrl })
    await Promise.all(Array.from({ length: 20 }, () => ask(service.base, 'GET', '/health/ready')))
    proxy.behave('swallow')
    const asked = Array.from({ length: waiting }, (_, index) =>
      ask(service.base, 'POST', path, { payload: { username: `nobody.${index}`, password: PASSWORD } })
    )
    await pause(50)
    const { code, ms } = await service.stop()
    const name = `SIGTERM while the database is silent and ${waiting || 'no'} ${path} wait`
    check(code === 0 && ms < 12_000, name, `exit ${code} after ${milliseconds(ms)}`)
    const answers = await Promise.all(asked)
    check(
      answers.every(({ status }) => status === 503),
      `${name}: they are answered`,
      frequencies(answers.map(({ status, code }) => `${status} ${code}`))
    )
    if (code !== 0) note(service.log().trim().split('\n').at(-1) ?? '')
    proxy.behave('forward')
  }
}

const request = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
