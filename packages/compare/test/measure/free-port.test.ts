import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'tap'
import { freePort } from '../../src/measure/free-port.ts'

test('nobody listens on a free port', async (t) => {
  const port = await freePort()
  const server = createServer().listen(port, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  t.match(server.address(), { port })
})
