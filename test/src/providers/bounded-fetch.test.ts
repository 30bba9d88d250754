import { test } from 'tap'
import { createBoundedFetch } from '../../../src/providers/bounded-fetch.ts'
import { createIssuer } from '../../helpers/issuer.ts'

const GET = { method: 'GET', headers: {} }

test('a fetch that is bounded', async (t) => {
  const issuer = await createIssuer(t)
  const fetch = createBoundedFetch(300)
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
    issuer.lies.answer = () => ({ status, body, headers })
  }

  t.afterEach(() => {
    issuer.lies = {}
    issuer.requests.length = 0
  })

  await t.test('answers with status, headers and body', async (t) => {
    answer(418, 'a teapot', { 'x-test': '1' })
    const found = await fetch(`${issuer.url}/x`, { method: 'POST', headers: { 'x-sent': '2' }, body: 'a=b' })
    t.strictSame([found.status, found.headers.get('x-test'), await found.text()], [418, '1', 'a teapot'])
    t.match(issuer.requests, [{ path: '/x', body: 'a=b', headers: { 'x-sent': '2' } }])
    answer(204, '')
    t.strictSame(
      [(await fetch(`${issuer.url}/x`, GET)).status, (await fetch(`${issuer.url}/x`, GET)).body],
      [204, null]
    )
  })

  await t.test('follows no redirect', async (t) => {
    answer(302, '', { location: '/jwks' })
    t.equal((await fetch(`${issuer.url}/x`, GET)).status, 302)
    t.strictSame(
      issuer.requests.map(({ path }) => path),
      ['/x']
    )
  })

  await t.test('reads 1 MB at most', async (t) => {
    answer(200, 'x'.repeat(1024 * 1024))
    t.equal((await (await fetch(`${issuer.url}/x`, GET)).text()).length, 1024 * 1024)
    answer(200, 'x'.repeat(1024 * 1024 + 1))
    await t.rejects(fetch(`${issuer.url}/x`, GET), { message: 'invalid answer' })
  })

  await t.test('calls a provider unavailable that fails, is too busy, does not answer or is not there', async (t) => {
    for (const status of [429, 500, 503]) {
      answer(status, '')
      await t.rejects(fetch(`${issuer.url}/x`, GET), { message: 'provider unavailable' }, String(status))
    }
    issuer.lies.answer = () => undefined
    await t.rejects(fetch(`${issuer.url}/x`, GET), { message: 'provider unavailable' }, 'silent')
    await t.rejects(fetch('http://127.0.0.1:1/', GET), { message: 'provider unavailable' }, 'not there')
  })

  await t.test('shares requests for the same public document, and no others', async (t) => {
    const url = `${issuer.url}/jwks`
    const found = await Promise.all([fetch(url, GET), fetch(url, GET), fetch(url, GET)])
    t.equal(new Set(await Promise.all(found.map((each) => each.text()))).size, 1)
    t.equal(issuer.count('/jwks'), 1)
    await fetch(url, GET)
    t.equal(issuer.count('/jwks'), 2, 'later')
    const personal = { method: 'GET', headers: { authorization: 'Bearer x' } }
    await Promise.all([fetch(url, personal), fetch(url, personal)])
    t.equal(issuer.count('/jwks'), 4, 'personal')
    const post = { method: 'POST', headers: {} }
    await Promise.all([fetch(url, post), fetch(url, post)])
    t.equal(issuer.count('/jwks'), 6, 'not for reading')
  })

  await t.test('has 5 s where nothing else is said', async (t) => {
    t.equal((await createBoundedFetch()(`${issuer.url}/jwks`, GET)).status, 200)
  })
})
