import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { test } from 'tap'
import { type Ask, bearer, CONTRACT_URL, createClient, PASSWORD, signIn, unique } from './client.ts'
import { CODES, refused } from './expectations.ts'
import { inlined } from './inlined.ts'

/** Of these sections, every route and every status that it answers by itself. */
const ROUTES: Record<string, number[]> = {
  'post /register': [201, 400, 409, 413, 415, 429, 500, 503],
  'post /login': [200, 400, 401, 403, 413, 415, 429, 500, 503],
  'get /secret': [200, 400, 401, 500, 503],
  'get /me': [200, 400, 401, 500, 503],
  'post /login/mfa': [200, 400, 401, 413, 415, 429, 500, 503],
  'post /login/passkey/options': [200, 400, 413, 415, 429, 500, 503],
  'post /login/passkey': [200, 400, 401, 403, 413, 415, 429, 500, 503],
  'post /token/step-up': [200, 400, 401, 403, 413, 415, 429, 500, 503],
  'get /mfa': [200, 400, 401, 500, 503],
  'patch /mfa': [200, 400, 401, 403, 413, 415, 500, 503],
  'post /mfa/totp': [200, 400, 401, 413, 415, 500, 503],
  'post /mfa/totp/confirm': [200, 400, 401, 413, 415, 500, 503],
  'delete /mfa/totp': [204, 400, 401, 404, 500, 503],
  'post /mfa/recovery-codes': [200, 400, 401, 500, 503],
  'get /passkeys': [200, 400, 401, 500, 503],
  'post /passkeys/options': [200, 400, 401, 500, 503],
  'post /passkeys': [201, 400, 401, 403, 413, 415, 500, 503],
  'patch /passkeys/{id}': [200, 400, 401, 404, 413, 415, 500, 503],
  'delete /passkeys/{id}': [204, 400, 401, 404, 409, 500, 503],
  'post /token/refresh': [200, 400, 401, 403, 413, 415, 429, 500, 503],
  'post /logout': [204, 400, 403, 413, 415, 429, 500, 503],
  'get /sessions': [200, 400, 401, 500, 503],
  'delete /sessions': [204, 400, 401, 413, 415, 500, 503],
  'delete /sessions/{id}': [204, 400, 401, 404, 413, 414, 415, 500, 503],
  'post /password/change': [204, 400, 401, 413, 415, 429, 500, 503],
  'get /.well-known/jwks.json': [200, 400, 500, 503],
  'get /.well-known/oauth-authorization-server': [200, 400, 500, 503],
  'get /health/live': [200, 400, 500, 503],
  'get /health/ready': [200, 400, 500, 503],
  'get /metrics': [200, 400, 401, 404, 500, 503],
  'get /openapi.json': [200, 400, 500, 503]
}

/** Statuses with which the transport may answer any route. */
const TRANSPORT = [408, 417, 431]

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, of which a test reads a little here and there
type Doc = any

test('Service', async (t) => {
  const client = await createClient(t)
  const given = (await client.request({ path: '/openapi.json' })).json as Doc
  const document = inlined(given)

  await t.test('GET /health/live and /health/ready answer 200', async (t) => {
    for (const path of ['/health/live', '/health/ready']) {
      const { status, json } = await client.request({ path })
      t.equal(status, 200)
      t.type(json, 'object')
    }
  })

  await t.test('GET /docs answers with a page that loads nothing from elsewhere', async (t) => {
    const { status, headers, body } = await client.request({ path: '/docs' })
    t.equal(status, 200)
    t.match(headers['content-type'], /^text\/html/)
    t.match(headers['content-security-policy'], /default-src/)
    const links = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string)
    t.ok(links.length > 0)
    for (const link of links.filter((link) => !link.startsWith('data:'))) {
      const url = new URL(link, 'http://docs.test/docs')
      t.equal(url.host, 'docs.test', link)
      t.equal((await client.request({ path: url.pathname })).status, 200, link)
    }
  })

  await t.test('below /docs there is nothing but what the page loads', async (t) => {
    const paths = [
      '/docs/',
      '/docs/json',
      '/docs/yaml',
      '/docs/static',
      '/docs/static/',
      '/docs/static/index.html',
      '/docs/static/nothing'
    ]
    for (const path of [
      ...paths,
      '/docs/static/..%2f..%2fpackage.json',
      '/docs/static/%2e%2e/%2e%2e/package.json',
      '/docs/static/.git'
    ]) {
      await t.test(path, async (t) => {
        refused(t, await client.request({ path }), 404, 'NOT_FOUND')
      })
    }
  })

  await t.test('GET /openapi.json answers with OpenAPI 3.1', async (t) => {
    const { status, headers } = await client.request({ path: '/openapi.json' })
    t.equal(status, 200)
    t.match(headers['content-type'], /^application\/json/)
    t.match(document.openapi, /^3\.1\.\d+$/)
    t.match(document.info, { title: /./, version: /./ })
  })

  await t.test('the document has every route with a tag, and every status', async (t) => {
    for (const [route, statuses] of Object.entries(ROUTES)) {
      await t.test(route, async (t) => {
        const [method, path] = route.split(' ') as [string, string]
        const operation = document.paths[path]?.[method]
        t.ok(operation?.tags?.length > 0, 'is tagged')
        t.ok(operation?.summary || operation?.description, 'is described')
        const documented = Object.keys(operation?.responses ?? {}).map(Number)
        t.strictSame(
          [...statuses, ...TRANSPORT].filter((status) => !documented.includes(status)),
          []
        )
      })
    }
  })

  await t.test('the document has a name for every body and every refusal, and none of the pages', async (t) => {
    for (const [path, operations] of Object.entries<Doc>(given.paths)) {
      t.notMatch(path, /^\/(?:docs|pages|dev|console)(?:\/|$)/)
      for (const [method, { requestBody, responses }] of Object.entries<Doc>(operations)) {
        for (const { schema } of Object.values<Doc>(requestBody?.content ?? {}))
          t.match(schema, { $ref: /^#\/components\/schemas\/\w+$/ }, `${method} ${path}`)
        for (const [status, response] of Object.entries<Doc>(responses).filter(([status]) => Number(status) >= 400))
          t.match(response, { $ref: /^#\/components\/responses\/[\w.]+$/ }, `${method} ${path}: ${status}`)
      }
    }
  })

  await t.test('the document says which routes take a bearer token', async (t) => {
    for (const path of ['/secret', '/me']) {
      const [requirement] = document.paths[path].get.security
      const scheme = document.components.securitySchemes[Object.keys(requirement)[0] as string]
      t.match(scheme, { type: 'http', scheme: /^bearer$/i })
    }
    t.notOk(document.paths['/login'].post.security)
  })

  await t.test('the document has every code, and no other', async (t) => {
    const documented = new Set(codesIn(document))
    t.strictSame(
      [...documented].filter((code) => !CODES[code]),
      []
    )
    t.strictSame(
      Object.keys(CODES).filter((code) => !documented.has(code)),
      []
    )
  })

  await t.test('each body in the document has an example', async (t) => {
    for (const [path, operations] of Object.entries<Doc>(document.paths)) {
      for (const [method, { requestBody, responses }] of Object.entries<Doc>(operations)) {
        for (const [status, { content }] of Object.entries<Doc>({ request: requestBody ?? {}, ...responses })) {
          const json = content?.['application/json']
          if (json && path !== '/openapi.json') t.ok(hasExample(json), `${method} ${path}: ${status}`)
        }
      }
    }
  })

  await t.test('answers fit the document', async (t) => {
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    // @ts-expect-error: the package's types say that its default export is a module
    formats(ajv)
    ajv.addSchema(document, 'openapi')
    const username = unique('Ada')
    const names = { username, email: `${unique()}@example.com` }
    const { access_token, user } = await signIn(client, names)
    const asks: Ask[] = [
      { path: '/register', body: { username: unique(), password: PASSWORD } },
      { path: '/register', body: { ...names, password: PASSWORD } },
      { path: '/register', body: { ...names, password: 'short' } },
      { path: '/register', body: { a: 1 } },
      { path: '/login', body: { username, password: PASSWORD } },
      { path: '/login', body: { username, password: 'wrong' } },
      { path: '/login', body: 'x' },
      { path: '/login', body: { username, password: 'x'.repeat(20_000) } },
      { path: '/secret', headers: bearer(access_token) },
      { path: '/secret' },
      { path: '/me', headers: bearer(access_token) },
      { path: '/me?x=1', headers: bearer(access_token) },
      { path: '/.well-known/jwks.json' },
      { path: '/health/live' },
      { path: '/health/ready' }
    ]
    for (const ask of asks) {
      const { status, json } = await client.request(ask)
      const path = ask.path.split('?')[0]?.replaceAll('/', '~1')
      const pointer = `#/paths/${path}/${ask.body ? 'post' : 'get'}/responses/${status}/content/application~1json/schema`
      const validate = ajv.compile({ $ref: `openapi${pointer}` })
      t.ok(validate(json), `${ask.path}: ${status}`, { faults: validate.errors })
    }
    t.equal(user.username, username)
  })

  await t.test('GET /metrics answers with Prometheus text', async (t) => {
    const { metricsKey } = client
    const { status, headers, body } = await client.request({
      path: '/metrics',
      headers: metricsKey ? bearer(metricsKey) : {}
    })
    t.equal(status, 200)
    t.match(headers['content-type'], /^text\/plain; (?:.*; )?version=/)
    const sample =
      /^[A-Za-z_:][\w:]*(?:\{(?:[A-Za-z_]\w*="(?:[^"\\]|\\.)*",?)*\})? (?:[-+]?[\d.]+(?:e[-+]?\d+)?|[-+]?Inf|NaN)$/i
    const odd = body.split('\n').filter((line) => line !== '' && !line.startsWith('# ') && !sample.test(line))
    t.strictSame(odd, [], 'each line is a sample')
    t.ok(body.length > 500)
    t.notOk(/Ada\.[0-9a-f]{10}|@example/.test(body), 'nobody is named')
  })
})

test('GET /metrics with METRICS_KEY takes nothing but that key', async (t) => {
  const METRICS_KEY = 'a key for Prometheus that is long enough'
  const client = await createClient(t, { METRICS_KEY })
  const { access_token } = await signIn(client, { username: unique() })
  const get = (headers: Record<string, string>) => client.request({ path: '/metrics', headers })
  if (client.metricsKey === undefined) {
    t.equal((await get({})).status, 200, `${CONTRACT_URL} has none, and is asked from its own machine`)
    return
  }
  t.equal((await get(bearer(client.metricsKey))).status, 200)
  t.equal((await get({ authorization: `bearer ${client.metricsKey}` })).status, 200)
  refused(t, await get({}), 401, 'TOKEN_MISSING')
  refused(t, await get({ authorization: `Basic ${client.metricsKey}` }), 401, 'TOKEN_MISSING')
  for (const wrong of [
    access_token,
    client.metricsKey.slice(1),
    `${client.metricsKey}x`,
    client.metricsKey.toUpperCase(),
    'x'
  ]) {
    refused(t, await get(bearer(wrong)), 401, 'TOKEN_INVALID')
  }
})

function* codesIn(value: Doc): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  if (value.properties?.code?.enum) yield* value.properties.code.enum
  for (const each of Object.values(value)) yield* codesIn(each)
}

/** Whether a media type or a schema has an example somewhere, references followed. */
function hasExample(value: Doc): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (value.example !== undefined || value.examples !== undefined) return true
  if (value.enum?.length === 1 || value.const !== undefined) return true
  return Object.values(value).some(hasExample)
}
