import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Test, test } from 'tap'
import { createStalledSockets } from '../../../src/transport/stalled-sockets.ts'
import { settled } from '../../helpers/settled.ts'

const LIMIT = 3

/** The two ends of a connection; the client's reads nothing until it is told to. */
async function connection(t: Test): Promise<{ client: Socket; socket: Socket }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.teardown(() => {
    for (const end of [client, socket]) end.destroy()
    server.close()
  })
  return { client, socket }
}

/** More than the kernel keeps for a connection. */
const MUCH = Buffer.alloc(32_000_000)

test('a socket is stalled when its other end reads nothing for as many looks as the limit', async (t) => {
  const { client, socket } = await connection(t)
  const sockets = createStalledSockets(LIMIT)
  sockets.watch(socket)
  socket.write(MUCH)
  await settled(socket)
  // The first look sees what the kernel took.
  for (let check = 0; check < LIMIT; check += 1) t.strictSame(sockets.check(), [], `check ${check}`)
  t.strictSame(sockets.check(), [socket])
  t.strictSame(sockets.check(), [socket], 'and stays so')

  client.resume()
  await once(client, 'data')
  while (socket.writableLength === MUCH.length && sockets.check().length > 0) await once(client, 'data')
  t.strictSame(sockets.check(), [], 'until it reads again')
})

test('a client that reads slowly is not stalled', async (t) => {
  const { client, socket } = await connection(t)
  const sockets = createStalledSockets(LIMIT)
  sockets.watch(socket)
  socket.write(MUCH)
  const handle = (socket as Socket & { _handle: { writeQueueSize: number } })._handle
  await settled(socket)
  for (let round = 0; round < 5; round += 1) {
    const before = handle.writeQueueSize
    client.resume()
    while (handle.writeQueueSize === before) await once(client, 'data')
    client.pause()
    await settled(socket)
    for (let check = 0; check < LIMIT; check += 1) t.strictSame(sockets.check(), [], `round ${round}`)
  }
})

test('a socket that has nothing to write is not stalled, however long', async (t) => {
  const { client, socket } = await connection(t)
  const sockets = createStalledSockets(LIMIT)
  sockets.watch(socket)
  for (let check = 0; check < 10 * LIMIT; check += 1) t.strictSame(sockets.check(), [])
  client.resume()
  await new Promise<void>((resolve) => socket.write('x', () => resolve()))
  for (let check = 0; check < 10 * LIMIT; check += 1) t.strictSame(sockets.check(), [])
})

test('a socket that has closed is forgotten', async (t) => {
  const { socket } = await connection(t)
  const sockets = createStalledSockets(LIMIT)
  sockets.watch(socket)
  socket.write(MUCH)
  socket.destroy()
  // Its handle has gone, and its closing is not told yet.
  t.strictSame(sockets.check(), [])
  await once(socket, 'close')
  for (let check = 0; check < 10 * LIMIT; check += 1) t.strictSame(sockets.check(), [])
})
