import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Value } from '@sinclair/typebox/value'
import { type Test, test } from 'tap'
import { check } from '../../../bench/compare/check.ts'
import { type Comparison, compareTargets } from '../../../bench/compare/comparison.ts'
import { Result } from '../../../bench/compare/result.ts'
import { toText } from '../../../bench/compare/table.ts'
import { build } from '../../helper.ts'
import { closedPort } from '../../servers.ts'

/** As little as may be: it is shown that it works, not how fast. */
const comparison = (urls: Record<string, URL>): Comparison => ({
  targets: Object.entries(urls).map(([name, url]) => ({ name, url })),
  settings: { rounds: 1, seconds: 0.2, connections: 2, clients: 2, storm: 2, cost: 10, retries: 0 },
  command: 'npm run compare',
  check,
  progress: () => {}
})

async function serve(t: Test, environment: Record<string, string> = {}): Promise<URL> {
  const fastify = await build(t, { environment })
  return new URL(await fastify.listen({ port: 0, host: '127.0.0.1' }))
}

test('the service beside itself, through and through', async (t) => {
  const url = await serve(t)
  const result = await compareTargets(comparison({ one: url, other: url }))
  t.ok(Value.Check(Result, result))
  const measured = [
    'secretRate',
    'secretP50',
    'secretP99',
    'loginRate',
    'loginShare',
    'loginP50',
    'registerRate',
    'registerShare',
    'stormP50',
    'stormP99',
    'stormMax'
  ]
  for (const measure of measured) {
    for (const name of ['one', 'other']) t.ok(Number(result.figures[measure]?.[name]?.[0]) > 0, `${measure} of ${name}`)
  }
  t.match(toText(result), 'too few rounds to say')
})

test('a server whose limits are on fails the run, and learns why', async (t) => {
  const url = await serve(t, { LIMITS: 'on' })
  const many = comparison({ limited: url })
  many.settings.clients = 31
  await t.rejects(compareTargets(many), /limited: POST \/register has to be answered with 201, not with/)
})

/** The routes of the contract, but for one that is as it should not be. */
async function almost(t: Test, spoil: RequestListener, path: string): Promise<URL> {
  const server = createServer((request, response) => {
    if (request.url === path) return spoil(request, response)
    const status = { '/register': 201, '/login': request.headers['content-length'] === '64' ? 401 : 200 }[
      `${request.url}`
    ]
    response.writeHead(status ?? (request.headers.authorization === 'Bearer good' ? 200 : 401))
    return response.end('{"access_token": "good"}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

test('what cannot be compared is refused at once', async (t) => {
  const nobody = new URL(`http://127.0.0.1:${await closedPort()}`)
  await t.rejects(compareTargets(comparison({ gone: nobody })), {
    message: `gone: nothing answers at ${nobody.origin}.`
  })
  const open = await almost(t, (_request, response) => response.end('{}'), '/secret')
  await t.rejects(
    compareTargets(comparison({ open })),
    /open: GET \/secret has to be refused with 401, not answered with 200/
  )
  const willing = await almost(t, (_request, response) => response.end('{}'), '/login')
  await t.rejects(compareTargets(comparison({ willing })), /willing: POST \/login has to be refused with 401/)
  const started = comparison({ there: willing })
  started.targets[0] = { ...started.targets[0], name: 'there', url: willing, start: 'true' }
  await t.rejects(compareTargets(started), /there: something answers at .* already/)
  const ending = comparison({ ending: nobody })
  ending.targets[0] = { name: 'ending', url: nobody, start: 'echo no such thing; exit 3' }
  await t.rejects(compareTargets(ending), /it ended with 3; it said:\nno such thing/)
})
