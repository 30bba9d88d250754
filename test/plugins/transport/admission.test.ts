import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import headers from '../../../plugins/http/headers.ts'
import admission from '../../../plugins/transport/admission.ts'
import draining from '../../../plugins/transport/draining.ts'
import { listen } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

const AUDIT = fp(async () => {}, { name: 'audit' })

async function start(t: Test) {
  const fastify = assemble(t, { plugins: [AUDIT, headers, draining, admission] })
  const steps: string[] = []
  fastify.server.on('connection', () => steps.push('taken'))
  fastify.get('/', async () => {
    steps.push('worked off')
    return ''
  })
  const port = await listen(fastify)
  const open = () => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    t.teardown(() => socket.destroy())
    return socket
  }
  const taken = async (count: number) => {
    while (steps.length < count) await new Promise(setImmediate)
  }
  return { fastify, open, steps, taken }
}

async function ask(socket: Socket): Promise<string> {
  socket.write(REQUEST)
  const [answer] = await once(socket, 'data')
  return String(answer).slice(0, 'HTTP/1.1 200'.length)
}

test('of a burst all are let in before anything is worked off', async (t) => {
  const { open, steps, taken } = await start(t)
  stopwatch(t)
  const sockets = Array.from({ length: 30 }, open)
  await taken(10)
  const answers = await Promise.all(sockets.map(ask))
  t.strictSame(answers, Array(30).fill('HTTP/1.1 200'))
  t.strictSame(steps, [...Array(30).fill('taken'), ...Array(30).fill('worked off')])
})

test('an endless burst holds nobody up for long', async (t) => {
  const { open, steps, taken } = await start(t)
  const pass = stopwatch(t)
  const [first] = Array.from({ length: 50 }, open)
  await taken(10)
  const answer = ask(first as Socket)
  await taken(20)
  t.notOk(steps.includes('worked off'))
  pass(50)
  t.equal(await answer, 'HTTP/1.1 200')
  t.ok(steps.indexOf('worked off') < 50, 'though others wait to be let in')
})

test('a burst holds up none who has a connection', async (t) => {
  const { open, steps, taken } = await start(t)
  const known = open()
  t.equal(await ask(known), 'HTTP/1.1 200')
  steps.length = 0
  Array.from({ length: 30 }, open)
  await taken(10)
  t.equal(await ask(known), 'HTTP/1.1 200')
  t.ok(steps.indexOf('worked off') < 30, 'before all have come')
})

test('who comes alone does not wait: not even one who hangs up is without an answer', async (t) => {
  const { open } = await start(t)
  const socket = open()
  socket.end(REQUEST)
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1.1 200/)
})

test('a burst that had come before the service began to stop is not refused', async (t) => {
  const { fastify, open, steps, taken } = await start(t)
  const sockets = Array.from({ length: 30 }, open)
  await taken(10)
  const answer = ask(sockets[0] as Socket)
  await once(fastify.server, 'request')
  t.notOk(steps.includes('worked off'))
  const closed = fastify.close()
  t.equal(await answer, 'HTTP/1.1 200')
  for (const socket of sockets) socket.destroy()
  await closed
})
