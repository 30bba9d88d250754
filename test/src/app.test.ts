import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { type Test, test } from 'tap'
import app, { options } from '../../src/app.ts'
import { readConfig } from '../../src/config/config.ts'
import { answer, build, NO_SERVER, PASSWORD, post, refusal } from '../helpers/app.ts'
import { migratedDatabase } from '../helpers/database.ts'

type Schema = { additionalProperties?: unknown; properties?: Record<string, unknown> } | undefined

/** The route table of the API of the production application, as it is once everything has been registered. */
async function routesOf(t: Test, environment: Record<string, string> = {}): Promise<RouteOptions[]> {
  const database = await migratedDatabase(t)
  const config = readConfig({
    SECRET_KEY: 'only for tests, and long enough to be one',
    ...('url' in database && { DATABASE_URL: database.url }),
    ...environment
  })
  const fastify = Fastify({ ...options, logger: { ...options.logger, level: 'silent' } }) as unknown as FastifyInstance
  const routes: RouteOptions[] = []
  fastify.addHook('onRoute', (route) => {
    // Pages and their files are not of the API: test/hostile-pages.test.ts reads the table of those.
    if (!(route.schema?.hide && /^\/(?:pages\/|console)/.test(route.url))) routes.push(route)
  })
  await fastify.register(app, { config, ...('pglite' in database && { pglite: database.pglite }) })
  t.teardown(() => fastify.close())
  await fastify.ready()
  return routes
}

const nameOf = ({ method, url }: RouteOptions) => `${[method].flat().join(',')} ${url}`

test('the route table', async (t) => {
  // Not on this machine, where a trial beside an embedded database would show its mail.
  const common = { INTROSPECTION_KEY: 'a key for other services, long enough', PUBLIC_URL: 'https://id.example' }
  const routes = await routesOf(t, common)
  const mail = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
  const hidden = await routesOf(t, { HIDE_ACCOUNTS: 'on', ...mail })
  routes.push(...hidden.filter(({ url }) => url.startsWith('/register')))

  await t.test('is the one that we know', async (t) => {
    const names = routes.map(nameOf)
    t.strictSame(names.sort(), [
      'DELETE /admin/keys/:kid',
      'DELETE /admin/service-keys/:id',
      'DELETE /admin/users/:id',
      'DELETE /admin/users/:id/factors',
      'DELETE /admin/users/:id/limits',
      'DELETE /admin/users/:id/sessions',
      'DELETE /admin/users/:id/sessions/:session',
      'DELETE /me',
      'DELETE /me/identities/:id',
      'DELETE /mfa/totp',
      'DELETE /passkeys/:id',
      'DELETE /sessions',
      'DELETE /sessions/:id',
      'GET /',
      'GET /.well-known/change-password',
      'GET /.well-known/jwks.json',
      'GET /.well-known/oauth-authorization-server',
      'GET /.well-known/passkey-endpoints',
      'GET /admin/audit',
      'GET /admin/keys',
      'GET /admin/service-keys',
      'GET /admin/stats',
      'GET /admin/users',
      'GET /admin/users/:id',
      'GET /admin/users/:id/sessions',
      'GET /docs',
      'GET /docs/:file',
      'GET /health/live',
      'GET /health/ready',
      'GET /me',
      'GET /me/export',
      'GET /me/identities',
      'GET /metrics',
      'GET /mfa',
      'GET /openapi.json',
      'GET /passkeys',
      'GET /providers',
      'GET /secret',
      'GET /sessions',
      'HEAD /',
      'HEAD /.well-known/change-password',
      'HEAD /.well-known/jwks.json',
      'HEAD /.well-known/oauth-authorization-server',
      'HEAD /.well-known/passkey-endpoints',
      'HEAD /admin/audit',
      'HEAD /admin/keys',
      'HEAD /admin/service-keys',
      'HEAD /admin/stats',
      'HEAD /admin/users',
      'HEAD /admin/users/:id',
      'HEAD /admin/users/:id/sessions',
      'HEAD /docs',
      'HEAD /docs/:file',
      'HEAD /health/live',
      'HEAD /health/ready',
      'HEAD /me',
      'HEAD /me/export',
      'HEAD /me/identities',
      'HEAD /metrics',
      'HEAD /mfa',
      'HEAD /openapi.json',
      'HEAD /passkeys',
      'HEAD /providers',
      'HEAD /secret',
      'HEAD /sessions',
      'PATCH /admin/users/:id',
      'PATCH /me',
      'PATCH /mfa',
      'PATCH /passkeys/:id',
      'POST /admin/keys',
      'POST /admin/service-keys',
      'POST /admin/service-keys/:id/rotate',
      'POST /admin/users',
      'POST /admin/users/:id/mails',
      'POST /email/change',
      'POST /email/change/confirm',
      'POST /email/change/undo',
      'POST /email/resend',
      'POST /email/verify',
      'POST /email/verify/reject',
      'POST /introspect',
      'POST /login',
      'POST /login/mfa',
      'POST /login/passkey',
      'POST /login/passkey/options',
      'POST /logout',
      'POST /mfa/recovery-codes',
      'POST /mfa/totp',
      'POST /mfa/totp/confirm',
      'POST /passkeys',
      'POST /passkeys/options',
      'POST /password/change',
      'POST /password/forgot',
      'POST /password/reset',
      'POST /register',
      'POST /register',
      'POST /register/finish',
      'POST /token/refresh',
      'POST /token/step-up',
      'PUT /admin/users/:id/password'
    ])
  })

  for (const route of routes) {
    await t.test(`has a strict and whole schema for ${nameOf(route)}`, async (t) => {
      const { url, schema } = route
      const strict = (part: string, described: unknown) => {
        t.equal((described as Schema)?.additionalProperties, false, `${part} takes no unknown key`)
      }
      strict('querystring', schema?.querystring)
      const parameters = [...url.matchAll(/:(\w+)|(\*)/g)].map(([, name, all]) => name ?? all)
      if (parameters.length > 0) {
        strict('params', schema?.params)
        t.strictSame(Object.keys((schema?.params as Schema)?.properties ?? {}), parameters)
      }
      if ([route.method].flat().some((method) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method))) {
        strict('body', schema?.body)
      }
      // Pages are not in the document, and have no described answers.
      if (schema?.hide) return
      const statuses = Object.keys((schema?.response ?? {}) as object)
      t.ok(statuses.some((status) => /^[23]/.test(status)))
      for (const status of ['400', '500', '503']) t.ok(statuses.includes(status), status)
    })
  }

  await t.test('has the same routes with CORS, and none for OPTIONS', async (t) => {
    const fastify = await build(t, { environment: { CORS_ORIGINS: 'https://app.example' } })
    const answers = await Promise.all(
      ['/secret', '/nowhere', '*'].map((url) => fastify.inject({ method: 'OPTIONS', url }))
    )
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [405, 404, 404]
    )
  })
})

test('the validator that runs is the strict one', async (t) => {
  const fastify = await build(t)
  await post(fastify, '/register', { username: 'ada', password: PASSWORD })
  const invalid = (path: string, message: string) => ({
    statusCode: 400,
    body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [{ path, message }])
  })

  const refused: [string, object, string, string][] = [
    ['an unknown key is refused', { username: 'ada', password: PASSWORD, admin: true }, '/admin', 'is not a known key'],
    [
      'a key in another letter case is refused',
      { username: 'ada', password: PASSWORD, Email: 'x' },
      '/Email',
      'is not a known key'
    ],
    ['a number does not become text', { username: 'ada', password: 12345678 }, '/password', 'must be string'],
    ['a boolean does not become text', { username: true, password: PASSWORD }, '/username', 'must be string'],
    ['null does not become text', { username: null, password: PASSWORD }, '/username', 'must be string'],
    [
      'a list of one does not become its text',
      { username: ['ada'], password: PASSWORD },
      '/username',
      'must be string'
    ],
    ['a missing key has no default', { username: 'ada' }, '/password', 'is required']
  ]
  for (const [what, body, path, message] of refused) {
    await t.test(what, async (t) => {
      for (const url of ['/login', '/register']) {
        t.strictSame(answer(await post(fastify, url, body)), invalid(path, message), url)
      }
    })
  }

  await t.test('an unknown key of a query is refused', async (t) => {
    t.strictSame(answer(await fastify.inject('/health/live?x=1')), invalid('/x', 'is not a known key'))
    t.strictSame(
      answer(await post(fastify, '/login?x', { username: 'ada', password: PASSWORD })),
      invalid('/x', 'is not a known key')
    )
  })

  await t.test('and what fits is taken', async (t) => {
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  })
})

test('inside another application, whatever options its server has', async (t) => {
  const database = await migratedDatabase(t)
  const config = readConfig({
    SECRET_KEY: 'only for tests, and long enough to be one',
    LIMITS: 'off',
    ...('url' in database && { DATABASE_URL: database.url, ...NO_SERVER })
  })
  const fastify = Fastify() as unknown as FastifyInstance
  fastify.get('/elsewhere', async () => 'its own')
  await fastify.register(app, { config, insideAnother: true, ...('pglite' in database && { pglite: database.pglite }) })
  t.teardown(() => fastify.close())
  await fastify.ready()
  const account = { username: 'ada', password: PASSWORD }

  await t.test('the contract holds', async (t) => {
    t.equal((await post(fastify, '/register', account)).statusCode, 201)
    const unknown = await post(fastify, '/login', { ...account, more: 1 }, { 'x-request-id': 'an-id-of-its-client' })
    const errors = [{ path: '/more', message: 'is not a known key' }]
    t.match(answer(unknown), { statusCode: 400, body: { code: 'VALIDATION_FAILED', errors } })
    t.equal(unknown.headers['x-request-id'], 'an-id-of-its-client')
    const large = await post(fastify, '/login', { ...account, password: 'x'.repeat(17_000) })
    t.match(answer(large), { statusCode: 413, body: { code: 'BODY_TOO_LARGE' } })
  })

  await t.test('what is not ours is left alone, and there are no figures of the server', async (t) => {
    const other = await fastify.inject('/elsewhere')
    t.strictSame([other.statusCode, other.body, other.headers['x-request-id']], [200, 'its own', undefined])
    t.equal((await fastify.inject('/metrics')).statusCode, 404)
  })
})
