import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { load, Unexpected } from '../../../bench/compare/load.ts'

async function serve(t: Test, listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/login`)
}

test('so many bodies, none of them twice', async (t) => {
  const bodies: string[] = []
  const url = await serve(t, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`)
    response.writeHead(201).end('{}')
  })
  let serial = 0
  const counts: number[] = []
  const { ends, times } = await load({
    url,
    method: 'POST',
    body: () => JSON.stringify({ serial: serial++ }),
    expected: 201,
    connections: 3,
    until: { amount: 12 },
    answered: (count) => counts.push(count)
  })
  t.equal(ends.length, 12)
  t.equal(times.length, 12)
  t.equal(counts.at(-1), 12)
  t.equal(new Set(bodies).size, 12)
  t.match(bodies[0], /^POST \/login application\/json {"serial":\d+}$/)
})

test('one unexpected answer among many is found', async (t) => {
  let count = 0
  const url = await serve(t, (_request, response) => {
    count += 1
    response.writeHead(count === 7 ? 429 : 200).end()
  })
  const loading = load({ url, method: 'GET', expected: 200, connections: 2, until: { seconds: 5 } })
  const message = new RegExp(`GET ${url} has to be answered with 200, but there were 1 × 429.\nSwitch its limits off`)
  await t.rejects(loading, { constructor: Unexpected, message })
})

test('a success of another kind is unexpected too, and so is none', async (t) => {
  const other = await serve(t, (_request, response) => response.writeHead(204).end())
  await t.rejects(load({ url: other, method: 'GET', expected: 200, connections: 1, until: { amount: 3 } }), /204/)
  const none = await serve(t, (request) => request.socket.destroy())
  await t.rejects(load({ url: none, method: 'GET', expected: 200, connections: 1, until: { seconds: 1 } }), /no answer/)
})
