import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { ask, inTurns, type Question } from '../../src/measure/client.ts'

/** Echoes requests; `/text` answers with text, `/never` not at all. */
async function serve(t: Test): Promise<string> {
  const server = createServer(async (request, response) => {
    const { method, url = '/', headers, socket } = request
    const { pathname, searchParams } = new URL(url, 'http://host')
    if (pathname === '/never') return
    let body = ''
    for await (const chunk of request) body += chunk
    const { authorization, 'content-type': type, 'x-more': more } = headers
    const asked = JSON.stringify({ method, body, authorization, type, more, from: socket.remoteAddress, code: 'ASKED' })
    response.writeHead(pathname === '/text' ? 200 : 418, { 'content-type': 'application/json' })
    response.end(searchParams.get('text') ?? asked)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('one who asks', async (t) => {
  const base = await serve(t)

  await t.test('sends what it is given, and tells what it was answered', async (t) => {
    const type = 'application/json'
    const from = '127.0.0.1'
    const questions: [Question | undefined, object][] = [
      [undefined, { body: '', from }],
      [{ payload: { name: 'Ada' } }, { body: '{"name":"Ada"}', type, from }],
      [{ body: '{"name":' }, { body: '{"name":', type, from }],
      [
        { token: 'x.y.z', headers: { 'x-more': '1' } },
        { body: '', authorization: 'Bearer x.y.z', more: '1', from }
      ],
      [{ from }, { body: '', from }]
    ]
    for (const [question, asked] of questions) {
      const { status, code, body, reused } = await ask(base, 'POST', '/', question)
      t.strictSame(
        { status, code, body, reused },
        { status: 418, code: 'ASKED', body: { method: 'POST', code: 'ASKED', ...asked }, reused: false }
      )
    }
  })

  await t.test('takes what is no object for nothing', async (t) => {
    for (const text of ['', 'null', '{"half":', '1']) {
      const { status, body } = await ask(base, 'GET', `/text?text=${encodeURIComponent(text)}`)
      t.strictSame({ status, body }, { status: 200, body: {} }, text)
    }
  })

  await t.test('never throws', async (t) => {
    const gone = await ask('http://127.0.0.1:1', 'GET', '/')
    t.match(gone, { status: 0, code: 'ECONNREFUSED', headers: {}, body: {} })
    // Of the addresses for documentation (RFC 5737): no machine has it.
    const stranger = await ask(base, 'GET', '/', { from: '192.0.2.1' })
    t.match(stranger, { status: 0, code: /^E/, headers: {}, body: {} })
    const late = await ask(base, 'GET', '/never', { timeoutMs: 20 })
    t.match(late, { status: 0, code: 'ABORT_ERR', headers: {}, body: {} })
    const aborted = await ask(base, 'GET', '/never', { signal: AbortSignal.abort() })
    t.match(aborted, { status: 0, code: 'ABORT_ERR', headers: {}, body: {} })
  })
})

test('so many at once work through what there is', async (t) => {
  const seen: number[] = []
  let [atWork, most] = [0, 0]
  await inTurns([1, 2, 3, 4, 5], 2, async (item) => {
    atWork += 1
    most = Math.max(most, atWork)
    await Promise.resolve()
    seen.push(item)
    atWork -= 1
  })
  t.strictSame(seen, [1, 2, 3, 4, 5])
  t.equal(most, 2)
})
