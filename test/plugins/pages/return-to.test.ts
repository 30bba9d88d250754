import type { FastifyRequest } from 'fastify'
import { test } from 'tap'
import { createReturning } from '../../../plugins/pages/return-to.ts'
import { readConfig } from '../../../src/config/config.ts'
import type { Problem } from '../../../src/errors.ts'
import { caught } from '../../helpers/caught.ts'
import { pageContext } from '../../helpers/page.ts'

const PAGE = pageContext()
const ENVIRONMENT = {
  CORS_ORIGINS: 'https://app.example.com,https://other.example',
  APP_URL: 'https://www.example.com/app'
}

const returning = (environment: Record<string, string> = ENVIRONMENT) => createReturning(readConfig(environment))
const asked = (query: object, body?: object) => ({ query, body }) as unknown as FastifyRequest

test('leads on to where a request says, or to the account', async (t) => {
  const { check, given, goOn, needsRefreshToken } = returning()
  const rows: [return_to: string | undefined, outcome: object, isFrontend: boolean, needsToken?: boolean][] = [
    [undefined, { goTo: 'pages/account' }, false],
    ['/pages/logout?a=b', { goTo: 'pages/logout?a=b' }, false],
    ['/console', { goTo: 'console' }, false, true],
    ['https://app.example.com/start', { goTo: 'https://app.example.com/start' }, true],
    ['https://other.example', { goTo: 'https://other.example/' }, true],
    ['https://www.example.com/', { goTo: 'https://www.example.com/' }, true]
  ]
  for (const [return_to, outcome, isFrontend, needsToken = isFrontend] of rows) {
    const request = asked({ return_to })
    await check(request)
    t.equal(given(request), return_to)
    t.match(goOn(request, PAGE), outcome)
    t.equal('content' in goOn(request, PAGE), isFrontend, 'a frontend is reached by a page, not by a redirect')
    t.equal(needsRefreshToken(request), needsToken)
  }
})

test('the form of a request counts, and not its URL', async (t) => {
  const { goOn } = returning()
  const form = asked({ return_to: '/pages/account' }, { return_to: '/pages/logout' })
  t.strictSame(goOn(form, PAGE), { goTo: 'pages/logout' })
  t.strictSame(goOn(asked({ return_to: '/pages/logout' }, {}), PAGE), { goTo: 'pages/account' })
})

test('refuses what leads elsewhere', async (t) => {
  const { check, given } = returning()
  const errors = [{ path: '/return_to', message: 'must be an address of ours' }]
  const refused: unknown[] = [
    '',
    'https://evil.example',
    '//evil.example',
    '/docs',
    ['/pages/account'],
    ['/pages/account', 'https://evil.example'],
    { a: '/pages/account' },
    null,
    5
  ]
  for (const return_to of refused) {
    const problem = await caught(check(asked({ return_to })))
    t.match(problem, { code: 'VALIDATION_FAILED' }, JSON.stringify(return_to))
    t.strictSame((problem as Problem).errors, errors)
    t.equal(given(asked({ return_to })), undefined, 'and no page passes it on')
  }
})

test('without frontends, it leads to pages alone', async (t) => {
  const { check } = returning({})
  await check(asked({ return_to: '/pages/account' }))
  t.match(await caught(check(asked({ return_to: 'http://127.0.0.1:3000/pages/account' }))), {
    code: 'VALIDATION_FAILED'
  })
})

test('whoever signs in first comes to where the request leads, or to its page', async (t) => {
  const { afterSignIn } = returning()
  const page = { url: '/pages/account/mfa?a=b', routeOptions: { url: '/pages/account/mfa' } }
  const rows: [query: object, body: object | undefined, target: string][] = [
    [{}, undefined, '/pages/account/mfa?a=b'],
    [{}, {}, '/pages/account/mfa?a=b'],
    [{ return_to: '/pages/logout' }, undefined, '/pages/logout'],
    [{}, { return_to: 'https://app.example.com/start' }, 'https://app.example.com/start'],
    [{ return_to: '/pages/logout' }, {}, '/pages/account/mfa?a=b'],
    [{ return_to: 'https://evil.example' }, undefined, '/pages/account/mfa?a=b'],
    [{ return_to: ['/pages/logout'] }, undefined, '/pages/account/mfa?a=b']
  ]
  for (const [query, body, target] of rows) {
    t.equal(afterSignIn(Object.assign(asked(query, body), page)), target, JSON.stringify([query, body]))
  }
})
