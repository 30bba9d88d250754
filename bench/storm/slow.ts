import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, inTurns } from '@latchkey/compare/measure/client'
import { poll } from '@latchkey/compare/measure/poller'
import { quantile } from '@latchkey/compare/measure/statistics'
import { Cluster } from '../shared/cluster.ts'
import { openFiles } from '../shared/processes.ts'
import { check, frequencies, milliseconds, table, title } from '../shared/report.ts'
import { openSocket, send } from '../shared/sockets.ts'
import { keepLoggingIn, login, register, startService } from './logins.ts'
import { LATENCIES, latencies, startControl } from './polling.ts'

const CONNECTIONS = 1000
const SECONDS = 8

/** The timeouts of the service for a request, and the tolerance above them, in milliseconds. */
const SLACK = 2000
const KINDS = {
  headers: { begin: 'GET /secret HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', timeoutMs: 10_000 },
  body: {
    begin:
      'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{"username": "',
    timeoutMs: 20_000
  }
}

/** Clients that send a byte per second, enough to exhaust a server with a thread for each connection. */
export async function slowClients(): Promise<void> {
  title(`${CONNECTIONS} clients that send a byte a second`)
  const cluster = await Cluster.create()
  const service = await startService(cluster)
  const control = await startControl()
  await register(service.base)
  const token = (await login(service.base)).body.access_token as string
  await visit(service.base, control.url.origin, token)
  const without = await visit(service.base, control.url.origin, token)
  const rows = rowsOf('nobody', without)
  const open = openFiles(service.pid)

  for (const [kind, { begin, timeoutMs }] of Object.entries(KINDS)) {
    const slow = await connectMany(service.base, begin)
    const connected = pause(1000).then(() => openFiles(service.pid))
    const during = await visit(service.base, control.url.origin, token)
    check((await connected) >= CONNECTIONS, `slow ${kind}: all are connected meanwhile`)
    rows.push(...rowsOf(`slow ${kind}`, during))
    const all = Object.values(during).flat()
    check(
      all.every(({ status }) => status === 200),
      `slow ${kind}: logins and /secret are answered`,
      frequencies(all.map(({ status }) => `${status}`))
    )
    const median = (answers: Answer[]) =>
      quantile(
        answers.map(({ ms }) => ms),
        0.5
      )
    const [alone, beside] = [median(without.login), median(during.login)]
    check(
      beside < alone * 1.5,
      `slow ${kind}: a login takes as long`,
      `${milliseconds(beside)}, ${milliseconds(alone)}`
    )
    const ends = await Promise.all(slow)
    const longest = Math.max(...ends.map(({ ms }) => ms))
    check(
      longest < timeoutMs + SLACK,
      `slow ${kind}: they are gone after ${timeoutMs / 1000} s`,
      `the last after ${milliseconds(longest)}; ${frequencies(ends.map(({ answer }) => answer))}`
    )
    await pause(1000)
    check(openFiles(service.pid) <= open, `slow ${kind}: nothing of theirs is left open`)
  }
  title(table(['beside', 'asked for', ...LATENCIES], rows))
  control.end()
  await service.stop()
  cluster.kill()
}

type Visit = Record<'login' | 'secret' | 'control', Answer[]>

/** Sends sequential logins, and requests to /secret, for some seconds. */
async function visit(base: string, empty: string, token: string): Promise<Visit> {
  const over = new AbortController()
  setTimeout(() => over.abort(), SECONDS * 1000)
  const [login_, secret, control] = await Promise.all([
    keepLoggingIn(base, 1, over.signal),
    poll(new URL('/secret', base), over.signal, { question: () => ({ token }) }),
    poll(new URL(empty), over.signal)
  ])
  return { login: login_, secret, control }
}

const rowsOf = (beside: string, visit: Visit) =>
  Object.entries(visit).map(([what, answers]) => [beside, what, ...latencies(answers)])

/** Connects all clients. @returns the answer and the duration of each */
async function connectMany(base: string, begin: string) {
  const slow: Promise<{ answer: string; ms: number }>[] = []
  await inTurns(Array.from({ length: CONNECTIONS }), 50, async () => {
    slow.push(dawdle(await openSocket(base), begin))
  })
  return slow
}

async function dawdle(socket: Socket, begin: string) {
  const start = performance.now()
  const timer = setInterval(() => socket.write('a'), 1000)
  const answer = await send(socket, begin)
  clearInterval(timer)
  return { answer: answer.split('\r\n')[0] || 'closed without an answer', ms: performance.now() - start }
}
