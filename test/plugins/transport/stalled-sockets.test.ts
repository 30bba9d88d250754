import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'tap'
import stalledSockets from '../../../plugins/transport/stalled-sockets.ts'
import { listen } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { settled } from '../../helpers/settled.ts'
import { testTimers } from '../../helpers/timers.ts'

test('a client that does not read its answer is disconnected after 30 s, and nobody else', async (t) => {
  const log: Record<string, unknown>[] = []
  const timers = testTimers()
  const fastify = assemble(t, { plugins: [stalledSockets], log, timers })
  const much = Buffer.alloc(32_000_000)
  fastify.get('/much', async () => much)
  let finish = () => {}
  fastify.get('/late', () => new Promise((resolve) => (finish = () => resolve('late'))))
  const port = await listen(fastify)

  async function ask(path: string): Promise<{ client: Socket; socket: Socket }> {
    const client = connect(port, '127.0.0.1').pause()
    const [socket] = (await once(fastify.server, 'connection')) as [Socket]
    client.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
    await once(fastify.server, 'request')
    return { client, socket }
  }

  const late = await ask('/late')
  const { client, socket } = await ask('/much')
  const closed = once(socket, 'close')
  await settled(socket)
  await timers.pass(1_000)
  await timers.pass(29_000)
  t.notOk(socket.destroyed)
  await timers.pass(1_000)
  t.ok(socket.destroyed)
  await closed
  client.destroy()
  t.match(
    log.filter(({ msg }) => /read/.test(String(msg))),
    [{ waiting: Number, msg: 'disconnected a client that does not read its answer' }]
  )

  t.notOk(late.socket.destroyed, 'who waits for an answer is not')
  finish()
  late.client.resume()
  t.match(String(await once(late.client, 'data')), 'late')
  late.client.destroy()
})
