import cors from '@fastify/cors'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import postgres from '@fastify/postgres'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import { createSigner } from 'fast-jwt'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import prometheus from 'prom-client'
import { type Test, test } from 'tap'
import { withLowS } from '../../../src/tokens/es256.ts'
import { answer, bearer, PASSWORD, post, refusal, signIn } from '../../helpers/app.ts'
import { addLatchkey, createHost, type Host } from '../../helpers/host.ts'

const ADA = { username: 'ada', password: PASSWORD }
const ORIGIN = 'https://app.example'
const PREFLIGHT = { 'access-control-request-method': 'POST', origin: ORIGIN }
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }

/** A schema of the host's with a name of ours. */
const USER = { $id: 'User', type: 'object', properties: { login: { type: 'string' } } }

/** Names on requests, replies and the instance that the host uses too, each in another way. */
function useNames(host: Host): void {
  host.decorateRequest('account', { getter: () => 'an account of the host' } as never)
  host.decorateRequest('operator', undefined as never)
  host.decorateRequest('record', undefined as never)
  host.decorateRequest('database', (() => 'a database of the host') as never)
  host.decorateReply('document', undefined as never)
  host.decorateReply('disconnected', { getter: () => 'a getter of the host' } as never)
  host.decorate('config', { getter: () => ({ of: 'the host' }) } as never)
  host.decorate('clock', 'the clock of the host' as never)
  host.decorate('tokens', (() => 'the tokens of the host') as never)
}

/** Gives an application much of its own, and the service twice, with a database each. */
async function fill(t: Test, host: Host, refusals: (string | undefined)[]): Promise<void> {
  host.register(fp(async () => {}, { name: 'config' }))
  host.register(jwt, { secret: 'the secret of the host, for tokens of its own' })
  host.register(postgres, { connectionString: 'postgres://nobody@127.0.0.1:1/none' })
  host.register(cors, { origin: 'https://host.example' })
  host.register(swagger, { openapi: { info: { title: 'The host', version: '1' } } })
  host.register(underPressure, { maxEventLoopDelay: 60_000 })
  host.register(helmet)
  host.register(formbody)
  await host.after()
  useNames(host)
  host.addSchema(USER)
  host.addContentTypeParser(
    '*',
    (_request: FastifyRequest, _body: unknown, done: (error: null, body: string) => void) => {
      done(null, 'parsed by the host')
    }
  )
  host.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) => reply.code(404).send('not of the host'))
  host.setErrorHandler((error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
    refusals.push(error.code)
    reply.code(error.statusCode ?? 500).send({ host: error.code })
  })
  host.setReplySerializer(() => '"serialized by the host"')
  host.addHook('onRequest', async (request) => {
    // Without a decorator: what the service reads must be its own.
    Object.assign(request, { user: { sub: 'of the host' } })
  })
  host.addHook('onResponse', async (request: FastifyRequest & { seen?: unknown }) => void request.headers)
  await addLatchkey(t, host, { prefix: '/auth', environment: { CORS_ORIGINS: ORIGIN } })
  await addLatchkey(t, host, { prefix: '/second/auth', name: 'other' })
  const schema = { body: { type: 'object', properties: { count: { type: 'integer' } } } }
  host.post('/own', { schema }, async ({ body }) => ({ body }))
  host.get('/user', { schema: { response: { 200: { $ref: 'User#' } } } }, async (request) => ({
    login: `${request.account} ${(request.database as unknown as () => string)()}`
  }))
  host.get('/*', async () => 'the page of the host')
  const guarded = async (request: FastifyRequest) => host.latchkey.claims(request)
  host.get('/guarded', { onRequest: host.latchkey.authorize() }, guarded)
  host.get('/editors', { onRequest: host.latchkey.authorize({ roles: ['editor'] }) }, guarded)
  host.get('/unguarded', guarded)
  await host.ready()
}

test('in an application with plugins, decorators and handlers of its own', async (t) => {
  const log: string[] = []
  const metrics = await prometheus.register.metrics()
  const listeners = countListeners()
  const refusals: (string | undefined)[] = []
  const host = createHost(t, {}, log)
  // The scope of the service, which the host does not see.
  let service = host as FastifyInstance
  host.addHook('onRegister', (scope, { prefix }) => {
    if (prefix !== '/auth') return
    service = scope as never
    const { authorize } = host.latchkey
    t.rejects(authorize()({ headers: bearer('a token') }, { headers() {} }), /has not started yet/)
  })
  // What it is told of errors, it may log.
  host.addHook('onError', (_request, _reply, error, done) => {
    host.log.error(error)
    done()
  })
  await fill(t, host, refusals)

  await t.test('accounts register, sign in and are seen, strictly', async (t) => {
    t.match(answer(await post(host, '/auth/register', ADA)), { statusCode: 201, body: { username: 'ada' } })
    const { access_token: token } = await signIn(host, ADA, '/auth')
    const me = await host.inject({ url: '/auth/me', headers: bearer(token) })
    t.match(answer(me), { statusCode: 200, body: { username: 'ada', email: null } })
    t.match(answer(await host.inject({ url: '/auth/secret', headers: bearer(token) })), { statusCode: 200 })
    const sessions = await host.inject({ url: '/auth/sessions', headers: bearer(token) })
    t.match(answer(sessions), { statusCode: 200, body: { sessions: [{ current: true }] } })
    t.match(await host.inject('/auth/.well-known/jwks.json'), { statusCode: 200, headers: { etag: /^"/ } })
  })

  const refused: [what: string, url: string, payload: unknown, code: string][] = [
    ['an unknown key', '/auth/login', { ...ADA, more: 1 }, 'VALIDATION_FAILED'],
    ['a number for a text', '/auth/login', { username: 5, password: PASSWORD }, 'VALIDATION_FAILED'],
    ['a large body', '/auth/login', { ...ADA, password: 'x'.repeat(17_000) }, 'BODY_TOO_LARGE']
  ]
  for (const [what, url, payload, code] of refused) {
    await t.test(`${what} is refused as ever`, async (t) => {
      const response = await post(host, url, payload, { 'x-request-id': 'an-id-of-its-client' })
      t.match(response.json(), { code })
      t.match(response.headers, { 'x-request-id': 'an-id-of-its-client', 'cache-control': 'no-store' })
    })
  }

  await t.test('what was sent is in no error that hooks of the application are told', async (t) => {
    await post(host, '/auth/register', { ...ADA, password: 'a-secret-of-eve', more: 1 })
    t.match(log.join('\n'), /The request does not fit its schema/)
    t.notMatch(log.join('\n'), /a-secret-of-eve/)
  })

  await t.test('forms and other types are not read where the contract has none', async (t) => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
      const response = await host.inject({
        method: 'POST',
        url: '/auth/login',
        headers: { 'content-type': type },
        payload: 'a=b'
      })
      t.match(answer(response), { statusCode: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } })
    }
  })

  await t.test('unknown paths and methods below the prefix are its own', async (t) => {
    for (const url of ['/auth/nowhere', '/auth/Login', '/auth/login/', '/auth//login']) {
      t.strictSame(answer(await host.inject(url)), NOT_FOUND, url)
      t.strictSame(answer(await post(host, url, ADA)), NOT_FOUND, url)
    }
    for (const [method, url, allow] of [
      ['GET', '/auth/login', 'POST'],
      ['PUT', '/auth', 'GET, HEAD'],
      ['POST', '/auth/', 'GET, HEAD']
    ] as const) {
      const response = await host.inject({ method, url })
      t.match(response.json(), { code: 'METHOD_NOT_ALLOWED' }, `${method} ${url}`)
      t.equal(response.headers.allow, allow)
    }
    t.match(await host.inject({ method: 'HEAD', url: '/auth/health/live' }), { statusCode: 200, body: '' })
    for (const url of ['/auth', '/auth/']) {
      t.match(await host.inject(url), { statusCode: 303, headers: { location: '/auth/pages/account' } })
    }
  })

  await t.test('frontends of CORS_ORIGINS may call it', async (t) => {
    const shared = { 'access-control-allow-origin': ORIGIN, vary: /Origin/ }
    const response = await host.inject({ url: '/auth/health/live', headers: { origin: ORIGIN } })
    t.match(response.headers, shared)
    // That of the host answers preflights for all paths.
    t.match(await host.inject({ method: 'OPTIONS', url: '/auth/login', headers: PREFLIGHT }), { statusCode: 204 })
  })

  await t.test('pages lead to pages below the prefix', async (t) => {
    const login = await host.inject('/auth/pages/login')
    t.match(login, { statusCode: 200, headers: { 'content-security-policy': /^default-src 'none'/ } })
    t.match(login.body, /href="\.\.\/pages\/assets\//)
    const account = await host.inject('/auth/pages/account?x=1')
    t.match(account, {
      statusCode: 303,
      headers: { location: /^\.\.\/pages\/login\?return_to=%2Fpages%2Faccount%3Fx%3D1$/ }
    })
    t.match(await host.inject('/auth/docs'), { statusCode: 200, headers: { 'content-type': /^text\/html/ } })
  })

  await t.test('each has its own document, and neither is in that of the host', async (t) => {
    const { paths, components } = (await host.inject('/auth/openapi.json')).json()
    t.ok(paths['/login'].post)
    t.notOk(paths['/own'] ?? paths['/*'] ?? paths['/pages/login'])
    t.ok(components.schemas.User.properties.email_verified)
    const own = host.swagger() as unknown as { paths: object; components: { schemas: object } }
    t.strictSame(
      Object.keys(own.paths).filter((path) => /auth/.test(path)),
      []
    )
    t.strictSame(
      Object.values(own.components.schemas).map((schema) => Object.keys(schema.properties)),
      [['login']]
    )
  })

  await t.test('a token of one is none at the other, and each has its own accounts', async (t) => {
    const { access_token: token } = await signIn(host, ADA, '/second/auth')
    t.equal((await host.inject({ url: '/second/auth/me', headers: bearer(token) })).statusCode, 200)
    t.match(answer(await host.inject({ url: '/auth/me', headers: bearer(token) })), {
      statusCode: 401,
      body: { code: 'TOKEN_INVALID' }
    })
    t.match(await host.other.verify(token), { iss: 'http://127.0.0.1:3000/second/auth' })
    await t.rejects(async () => host.latchkey.verify(token), { code: 'TOKEN_INVALID', statusCode: 401 })
  })

  await t.test('routes of the host ask for a token, and what it must have', async (t) => {
    const { access_token: token } = await signIn(host, { username: 'grace' }, '/auth')
    const ask = (url: string, headers: object) => host.inject({ url, headers: { ...headers } })
    t.strictSame((await ask('/guarded', bearer(token))).statusCode, 200)
    const cases: [url: string, headers: object, status: number, challenge: string, code: string][] = [
      ['/guarded', {}, 401, 'Bearer', 'TOKEN_MISSING'],
      ['/guarded', bearer('rubbish'), 401, 'Bearer error="invalid_token"', 'TOKEN_INVALID'],
      ['/guarded', bearer(forge({ act: { sub: 'x' } })), 401, 'Bearer error="invalid_token"', 'TOKEN_INVALID'],
      ['/editors', bearer(token), 403, 'Bearer error="insufficient_scope"', 'FORBIDDEN']
    ]
    for (const [url, headers, status, challenge, code] of cases) {
      const response = await ask(url, headers)
      t.equal(response.statusCode, status, code)
      t.equal(response.headers['www-authenticate'], challenge)
      t.equal(refusals.at(-1), code, 'the error handler of the host gets it')
    }
    t.equal((await ask('/editors', bearer(forge({ roles: ['editor'] })))).statusCode, 200)
    t.equal((await ask('/unguarded', bearer(token))).statusCode, 500, 'there are no claims without the hook')
    t.throws(() => host.latchkey.authorize({ role: ['editor'] } as never), { name: 'TypeError' })
    // At once, for a token that was verified before.
    t.match(host.latchkey.verify(token), { preferred_username: 'grace' })
  })

  /** A token of the service with other claims. */
  function forge(claims: object): string {
    const { kid, privateKey } = service.keys.signingKey()
    const iat = Math.floor(Date.now() / 1000)
    const iss = 'http://127.0.0.1:3000/auth'
    const common = { iss, aud: iss, sub: 'ada', iat, exp: iat + 60, jti: 'one', sid: 'session' }
    const sign = createSigner({ key: privateKey, kid, algorithm: 'ES256', header: { alg: 'ES256', typ: 'at+jwt' } })
    return withLowS(sign({ ...common, ...claims }))
  }

  await t.test('the host is as it was', async (t) => {
    t.strictSame((await post(host, '/own', { count: '5', more: 1 })).body, '"serialized by the host"')
    t.match((await post(host, '/own', { count: 'five' })).statusCode, 400)
    t.equal((await host.inject({ method: 'DELETE', url: '/nowhere' })).statusCode, 404)
    t.equal((await host.inject('/user')).body, '"serialized by the host"')
    t.equal((await host.inject('/elsewhere')).headers['x-request-id'], undefined)
    const token = host.jwt.sign({ sub: 'a user of the host' } as never)
    t.match(host.jwt.verify(token), { sub: 'a user of the host' })
    t.strictSame(host.config as object, { of: 'the host' })
    t.equal(host.clock as unknown, 'the clock of the host')
    t.equal(host.pg.pool.options.connectionString, 'postgres://nobody@127.0.0.1:1/none')
    t.strictSame(host.getSchemas(), { User: USER })
    t.equal(host.hasDecorator('signIn'), false)
  })

  await t.test('nothing of the process is touched, and no URL with a token is logged', async (t) => {
    await host.inject('/auth/pages/password/reset?token=a-token-that-nobody-may-read')
    t.notMatch(log.join('\n'), /a-token-that-nobody-may-read/)
    t.match(log.join('\n'), '"route":"/auth/pages/password/reset"')
    t.equal(await prometheus.register.metrics(), metrics)
    t.strictSame(countListeners(), listeners)
  })
})

/** How many listen to each event of the process. */
const countListeners = () =>
  Object.fromEntries(
    process
      .eventNames()
      .filter((name) => /^SIG|uncaught|unhandled/.test(String(name)))
      .map((name) => [String(name), process.listenerCount(name)])
  )
