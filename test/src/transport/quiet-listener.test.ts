import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type Test, test } from 'tap'
import { untilQuiet } from '../../../src/transport/quiet-listener.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'

/** A server to which so many connect, which has let some of them in. */
async function crowded(t: Test, count: number) {
  let taken = 0
  const server = createServer(() => taken++).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const letIn = async (some: number) => {
    while (taken < some) await new Promise(setImmediate)
  }
  await letIn(5)
  return { server, letIn, taken: () => taken }
}

test('who waits for newConnections waits for all that are on the way', async (t) => {
  const { server, taken } = await crowded(t, 40)
  await untilQuiet(server, 10_000)
  t.equal(taken(), 40)
  await untilQuiet(server, 10_000)
  t.strictSame([taken(), server.listenerCount('connection')], [40, 1])
})

test('who waits for newConnections has so much timeout', async (t) => {
  const { server, letIn, taken } = await crowded(t, 200)
  const pass = stopwatch(t)
  const waiting = untilQuiet(server, 50)
  pass(49)
  await letIn(15)
  pass(1)
  await waiting
  t.ok(taken() < 200, `${taken()} have come`)
})
