import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { ask } from '../../src/measure/client.ts'
import { forkServer } from '../../src/measure/forked.ts'

const SERVER = `
const server = require('http').createServer((request, response) => response.writeHead(204).end())
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.once('disconnect', () => process.exit())
`

test('a server is where it says, until it is ended', async (t) => {
  const file = join(t.testdir({ 'server.cjs': SERVER }), 'server.cjs')
  const { url, end } = await forkServer(pathToFileURL(file))
  t.equal((await ask(url.origin, 'GET', '/')).status, 204)
  end()
})

test('one that ends in place of listening is a fault', async (t) => {
  const file = join(t.testdir({ 'server.cjs': 'process.exit(3)' }), 'server.cjs')
  await t.rejects(forkServer(pathToFileURL(file)), { message: `${file} ended with 3` })
})
