import { type Test, test } from 'tap'
import { type Answer, type Ask, bearer, type Client, createClient, PASSWORD, signIn, unique } from './client.ts'
import { oddity, refused } from './expectations.ts'
import { inlined } from './inlined.ts'
import { AUTHORIZATIONS, KEYS, MARK, METHODS, PATHS, QUERIES, TEXTS, TYPES, VALUES } from './oddities.ts'

/** mulberry32: the same requests in every run. */
function generator(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const upTo = (limit: number) => Math.floor(next() * limit)
  const pick = <Item>(items: readonly Item[]) => items[upTo(items.length)] as Item
  return { next, upTo, pick }
}

/** Sends requests, and reports answers that the contract does not define. */
async function ask(t: Test, client: Client, asks: Ask[], documented: (ask: Ask, answer: Answer) => boolean) {
  const odd: string[] = []
  for (let at = 0; at < asks.length; at += 10) {
    const some = asks.slice(at, at + 10)
    const answers = await Promise.all(some.map((each) => client.request(each)))
    for (const [i, answer] of answers.entries()) {
      const each = some[i] as Ask
      const bodyless = each.method === 'HEAD' && answer.body === ''
      const what = bodyless ? undefined : oddity(answer, MARK)
      const why =
        what ?? (answer.status < 500 && documented(each, answer) ? undefined : `${answer.status} is not documented`)
      if (why) odd.push(`${why}: ${JSON.stringify(each).slice(0, 300)} got ${answer.body.slice(0, 200)}`)
    }
  }
  // One by one: a report cuts the difference of two lists.
  for (const each of odd) t.fail(each)
  const username = unique()
  const { access_token } = await signIn(client, { username })
  const { json } = await client.request({ path: '/me', headers: bearer(access_token) })
  t.equal(json.username, username, 'the service is well')
}

test('No request, however odd, is answered with anything but the contract', async (t) => {
  const client = await createClient(t)
  const { access_token } = await signIn(client, { username: unique() })
  const { paths } = inlined((await client.request({ path: '/openapi.json' })).json)

  function documented({ method, path, body }: Ask, { status }: Answer): boolean {
    const route = paths[path.split('?')[0] as string]
    const name = (method ?? (body === undefined ? 'GET' : 'POST')).toLowerCase()
    const operation = route?.[name === 'head' ? 'get' : name]
    return operation ? operation.responses[status] !== undefined : [400, 404, 405].includes(status) || !route
  }

  await t.test('every value in every field', async (t) => {
    const asks = VALUES.flatMap((value) =>
      ['username', 'email', 'password'].flatMap((field) => {
        const others = Object.entries({ username: unique(), password: PASSWORD }).filter(([key]) => key !== field)
        const fields = [...others, [field, 0]].map(
          ([key, text]) => `"${key}": ${key === field ? value : JSON.stringify(text)}`
        )
        const body = `{${fields.filter((text) => field !== 'email' || !text.startsWith('"username"')).join(', ')}}`
        return ['/login', '/register'].map((path) => ({ path, headers: { 'content-type': 'application/json' }, body }))
      })
    )
    await ask(t, client, asks, documented)
  })

  await t.test('every value as the whole body', async (t) => {
    const asks = VALUES.flatMap((body) =>
      ['/login', '/register', '/secret', '/nothing'].map((path) => ({
        path,
        headers: { 'content-type': 'application/json' },
        body
      }))
    )
    await ask(t, client, asks, documented)
  })

  await t.test('every key with every sort of value', async (t) => {
    const asks = KEYS.flatMap((key) =>
      ['1', 'null', `"${MARK}"`, '{}', '[[]]'].map((value) => ({
        path: '/login',
        headers: { 'content-type': 'application/json' },
        body: `{"username": "${unique()}", "password": 5, "${key.replaceAll('\0', '\\u0000')}": ${value}}`
      }))
    )
    await ask(t, client, asks, documented)
  })

  await t.test('every method at every path', async (t) => {
    const asks = METHODS.flatMap((method) =>
      PATHS.map((path) => ({
        method,
        path,
        headers: bearer(access_token),
        ...(method === 'POST' && { body: { [MARK]: 1 } })
      }))
    )
    await ask(t, client, asks, documented)
  })

  await t.test('a thousand made at random', async (t) => {
    const { next, upTo, pick } = generator(20_260_131)
    const bodies = [
      () =>
        `{${Array.from({ length: upTo(6) }, () => `"${pick(KEYS).replaceAll('\0', '\\u0000')}": ${pick(VALUES)}`).join(',')}}`,
      () => pick(VALUES),
      () => JSON.stringify({ username: pick(TEXTS), password: pick(TEXTS) }).slice(0, upTo(400)),
      () => Buffer.from(Array.from({ length: upTo(300) }, () => upTo(256))),
      () => 'x'.repeat(upTo(40_000)),
      () => `username=${MARK}&password=${MARK}`
    ]
    const asks = Array.from({ length: 1000 }, (): Ask => {
      const method = next() < 0.6 ? 'POST' : pick(METHODS)
      const withBody = ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)
      const path = next() < 0.6 ? pick(['/login', '/register']) : pick(PATHS)
      return {
        method,
        path: `${path}${pick(QUERIES)}`,
        headers: {
          ...(withBody && { 'content-type': pick(TYPES) }),
          ...(next() < 0.5 && { authorization: pick(AUTHORIZATIONS) }),
          ...(next() < 0.2 && {
            'x-request-id': Buffer.from(pick(TEXTS).slice(0, 200))
              .toString('latin1')
              .replaceAll(/[^ -~\x80-\xff]/g, '')
          }),
          ...(next() < 0.1 && { 'x-forwarded-for': pick(['127.0.0.1', MARK, '1.2.3.4, 5.6.7.8', '::1', '999.1.1.1']) }),
          ...(next() < 0.1 && { 'x-http-method-override': 'DELETE' }),
          ...(next() < 0.1 && { 'content-encoding': pick(['gzip', 'br', 'identity', MARK]) }),
          ...(next() < 0.1 && { origin: pick(['null', 'https://evil.example', MARK]) }),
          ...(next() < 0.1 && { accept: pick(['text/html', 'application/xml', '*/*;q=0', MARK]) }),
          ...(next() < 0.1 && { 'user-agent': pick(['', MARK, 'x'.repeat(3000)]) })
        },
        ...(withBody && { body: pick(bodies)(), chunked: next() < 0.3 })
      }
    })
    await ask(t, client, asks, documented)
  })

  await t.test('a key that hides a method of objects changes nothing for others', async (t) => {
    const body = '{"username": "ada", "password": "x", "constructor": {"prototype": {"admin": true}}}'
    const headers = { 'content-type': 'application/json' }
    refused(t, await client.request({ path: '/login', headers, body }), 400, 'VALIDATION_FAILED', {
      errors: [{ path: '/constructor' }]
    })
    t.equal((await client.request({ path: '/me', headers: bearer(access_token) })).json.admin, undefined)
  })
})
