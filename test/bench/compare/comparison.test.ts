import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { check } from '../../../bench/compare/check.ts'
import { type Comparison, compareTargets } from '../../../bench/compare/comparison.ts'
import { closedPort } from '../../servers.ts'

/** As little as may be: it is shown that it works, not how fast. */
const comparison = (urls: Record<string, URL>): Comparison => ({
  targets: Object.entries(urls).map(([name, url]) => ({ name, url })),
  settings: { rounds: 1, seconds: 0.2, connections: 2, clients: 2, storm: 2, cost: 10, retries: 0 },
  command: 'npm run compare',
  check,
  progress: () => {}
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
  await t.rejects(compareTargets(comparison({ open })), /./)
  const willing = await almost(t, (_request, response) => response.end('{}'), '/login')
  await t.rejects(compareTargets(comparison({ willing })), /./)
  const started = comparison({ there: willing })
  started.targets[0] = { ...started.targets[0], name: 'there', url: willing, start: 'true' }
  await t.rejects(compareTargets(started), /there: something answers at .* already/)
  const ending = comparison({ ending: nobody })
  ending.targets[0] = { name: 'ending', url: nobody, start: 'echo no such thing; exit 3' }
  await t.rejects(compareTargets(ending), /it ended with 3; it said:\nno such thing/)
})
