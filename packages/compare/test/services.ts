import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from '@latchkey/contract/suite/application'
import type { Test } from 'tap'
import { freePort } from '../src/measure/free-port.ts'

/** Listens on a port of its own, until the test ends. */
export async function serve(t: Test, listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

/** A service without anything behind it: no account, no hash. */
export const hollow: RequestListener = ({ url, headers }, response) => {
  const answers = { '/register': 201, '/login': 200, '/secret': headers.authorization === 'Bearer good' ? 200 : 401 }
  response.writeHead(answers[url as keyof typeof answers] ?? 404, { 'content-type': 'application/json' })
  response.end('{"access_token":"good"}')
}

/** What a shell runs to have such a service there. */
export const hollowCommand = ({ port }: URL) =>
  `NODE_OPTIONS= '${process.execPath}' -e 'require("http").createServer(({ url, headers }, response) => response
    .writeHead({ "/register": 201, "/login": 200 }[url] ?? (headers.authorization ? 200 : 401), { "content-type": "application/json" })
    .end(JSON.stringify({ access_token: "good" }))).listen(${port}, "127.0.0.1")'`

/** An address at which nobody listens: the port of tcpmux, which only root may take. */
export const NOWHERE = new URL('http://127.0.0.1:1')

/** One at which nobody is yet. */
export const nobodyYet = async () => new URL(`http://127.0.0.1:${await freePort()}`)

/**
 * The production application, behind one who may answer in its place.
 *
 * @param instead answers and says so, or lets the application answer
 */
export async function ourOwn(
  t: Test,
  instead: (...asked: Parameters<RequestListener>) => boolean = () => false
): Promise<URL> {
  const fastify = await build(t)
  return serve(t, (request, response) => {
    if (!instead(request, response)) fastify.server.emit('request', request, response)
  })
}
