import { once } from 'node:events'
import { connect } from 'node:net'
import { type Test, test } from 'tap'
import backlog from '../../plugins/backlog.ts'
import clock from '../../plugins/clock.ts'
import { assemble } from '../assemble.ts'
import { exchange, listen, readAnswer, testClock } from '../helper.ts'

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
const LAST_REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'

async function start(t: Test) {
  const time = testClock()
  const fastify = assemble(t, { plugins: [clock, backlog], clock: time })
  const steps: string[] = []
  fastify.server.on('connection', () => steps.push('taken'))
  fastify.get('/', async () => {
    steps.push('worked off')
    return ''
  })
  return { fastify, port: await listen(fastify), steps, time }
}

test('of many who come at once all are let in before anything is worked off', async (t) => {
  const { port, steps } = await start(t)
  const answers = Array.from({ length: 20 }, () => exchange(port, LAST_REQUEST))
  for (const answer of await Promise.all(answers)) t.equal(readAnswer(answer).statusCode, 200)
  t.strictSame(steps, [...Array(20).fill('taken'), ...Array(20).fill('worked off')])
})

test('who keeps a connection is not kept up by those who come', async (t) => {
  const { port, steps } = await start(t)
  const known = connect(port, '127.0.0.1').setEncoding('utf8')
  known.write(REQUEST)
  await once(known, 'data')
  steps.length = 0

  const coming = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'))
  known.write(REQUEST)
  await once(known, 'data')
  t.ok(steps.indexOf('worked off') < 20, 'before all have come')
  for (const socket of [known, ...coming]) socket.destroy()
})

test('an endless stream of connections keeps nobody up for long', async (t) => {
  const { port, steps, time } = await start(t)
  const sockets = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'))
  const [first] = sockets as [ReturnType<typeof connect>]
  const answered = once(first.setEncoding('utf8'), 'data')
  first.write(REQUEST)
  while (steps.length < 10) await new Promise(setImmediate)
  time.advance(0.05)
  await answered
  t.ok(steps.indexOf('worked off') < 50, 'though others wait to be let in')
  for (const socket of sockets) socket.destroy()
})
