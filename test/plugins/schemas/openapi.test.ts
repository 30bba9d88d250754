import { readFileSync } from 'node:fs'
import { inlined } from '@latchkey/contract/suite/inlined'
import { test } from 'tap'
import { PROBLEMS } from '../../../src/errors.ts'
import { build } from '../../helpers/app.ts'

/** The example of a refusal. */
interface Example {
  statusCode: number
  code: string
  message: string
  challenge?: object
}

interface Response {
  description: string
  headers?: Record<string, { schema: { examples: string[] } }>
  content?: Record<string, { schema: object; examples?: Record<string, { value: Example }> }>
}

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  security?: object[]
  requestBody?: { content: Record<string, { schema: object }>; required: boolean }
  responses: Record<string, Response>
}

const operationsOf = ({ paths }: { paths: Record<string, Record<string, Operation>> }) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation }))
  )

test('the OpenAPI document', async (t) => {
  const fastify = await build(t, {
    environment: {
      PUBLIC_URL: 'https://id.example',
      INTROSPECTION_KEY: 'the key of the services, 32 bytes or more',
      // So that it has no pages, whether or not there is a mail server.
      APP_URL: 'https://app.example'
    }
  })
  const given = (await fastify.inject('/openapi.json')).json()
  const document = inlined(given) as {
    openapi: string
    info: Record<string, unknown>
    servers: unknown
    tags: { name: string }[]
    paths: Record<string, Record<string, Operation>>
    components: {
      schemas: Record<string, unknown>
      securitySchemes: unknown
    }
  }
  const operations = operationsOf(document)

  await t.test('is version 3.1, and says what it describes and where that is', async (t) => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    t.equal(document.openapi, '3.1.0')
    t.match(document.info, { title: 'Latchkey', version, license: { name: 'MIT', identifier: 'MIT' } })
    t.strictSame(document.servers, [{ url: '.' }], 'where the document is')
    t.match(document.components.securitySchemes, {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      introspection: { type: 'http', scheme: 'bearer' },
      introspectionBasic: { type: 'http', scheme: 'basic' },
      metrics: { type: 'http', scheme: 'bearer' }
    })
  })

  await t.test('says what a password must be', async (t) => {
    const described = (path: string) => JSON.stringify(document.paths[path]?.post)
    for (const rule of ['PASSWORD_MIN', '72 bytes', 'NFC', 'common', 'names']) t.match(described('/register'), rule)
    for (const path of ['/password/change', '/password/reset']) t.match(described(path), 'the rules of `/register`')
  })

  await t.test('has every route and no other', async (t) => {
    t.strictSame(operations.map(({ name }) => name).sort(), [
      'DELETE /admin/keys/{kid}',
      'DELETE /admin/service-keys/{id}',
      'DELETE /admin/users/{id}',
      'DELETE /admin/users/{id}/factors',
      'DELETE /admin/users/{id}/limits',
      'DELETE /admin/users/{id}/sessions',
      'DELETE /admin/users/{id}/sessions/{session}',
      'DELETE /me',
      'DELETE /me/identities/{id}',
      'DELETE /mfa/totp',
      'DELETE /passkeys/{id}',
      'DELETE /sessions',
      'DELETE /sessions/{id}',
      'GET /.well-known/jwks.json',
      'GET /.well-known/oauth-authorization-server',
      'GET /admin/audit',
      'GET /admin/keys',
      'GET /admin/service-keys',
      'GET /admin/stats',
      'GET /admin/users',
      'GET /admin/users/{id}',
      'GET /admin/users/{id}/sessions',
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
      'PATCH /admin/users/{id}',
      'PATCH /me',
      'PATCH /mfa',
      'PATCH /passkeys/{id}',
      'POST /admin/keys',
      'POST /admin/service-keys',
      'POST /admin/service-keys/{id}/rotate',
      'POST /admin/users',
      'POST /admin/users/{id}/mails',
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
      'POST /token/refresh',
      'POST /token/step-up',
      'PUT /admin/users/{id}/password'
    ])
  })

  await t.test('names each operation once, under a tag that it explains', async (t) => {
    const tags = document.tags.map(({ name }) => name)
    t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
    for (const { name, operation } of operations) {
      t.ok(operation.summary, name)
      t.equal(operation.tags.length, 1, name)
      t.ok(tags.includes(operation.tags[0] as string), name)
    }
  })

  /** The examples of an answer, by name. */
  const examplesOf = ({ content }: Response) =>
    Object.entries(content?.['application/json']?.examples ?? {}).map(([name, { value }]) => [name, value] as const)

  await t.test('describes every refusal by the one body, with an example for each of its codes', async (t) => {
    const refusals = operations.flatMap(({ name, operation }) =>
      Object.entries(operation.responses)
        .filter(([status]) => Number(status) >= 400)
        .map(([status, response]) => ({ name: `${name} ${status}`, status, response }))
    )
    t.ok(refusals.length > 50)
    for (const { name, status, response } of refusals) {
      const code = { type: 'string', enum: response.description.split(', ') }
      t.strictSame(
        response.content?.['application/json']?.schema,
        { allOf: [document.components.schemas.Problem, { properties: { code }, required: ['code'] }] },
        name
      )
      const examples = examplesOf(response)
      t.equal(examples.map(([code]) => code).join(', '), response.description, name)
      for (const [code, value] of examples) t.match(value, { statusCode: Number(status), code, message: /./ }, name)
    }
  })

  await t.test('shows the challenge where a second step or a step-up is refused', async (t) => {
    const shown = operations.flatMap(({ name, operation }) =>
      Object.values(operation.responses).flatMap((response) =>
        examplesOf(response).flatMap(([code, value]) => {
          const values = response.headers?.['www-authenticate']?.schema.examples ?? []
          const stepsUp = values.filter((each) => each.includes('insufficient_user_authentication')).length
          return value.challenge ? [[name, { code, keys: Object.keys(value.challenge), stepsUp }]] : []
        })
      )
    )
    const mfa = { code: 'MFA_REQUIRED', keys: ['factors', 'expires_in', 'mfa_token'], stepsUp: 0 }
    const stepUp = { code: 'STEP_UP_REQUIRED', keys: ['factors', 'expires_in'], stepsUp: 2 }
    t.strictSame(Object.fromEntries(shown), {
      'DELETE /admin/keys/{kid}': stepUp,
      'DELETE /admin/service-keys/{id}': stepUp,
      'DELETE /admin/users/{id}': stepUp,
      'DELETE /admin/users/{id}/factors': stepUp,
      'DELETE /admin/users/{id}/limits': stepUp,
      'DELETE /admin/users/{id}/sessions': stepUp,
      'DELETE /admin/users/{id}/sessions/{session}': stepUp,
      'DELETE /me': stepUp,
      'DELETE /me/identities/{id}': stepUp,
      'DELETE /mfa/totp': stepUp,
      'DELETE /passkeys/{id}': stepUp,
      'GET /admin/audit': stepUp,
      'GET /admin/keys': stepUp,
      'GET /admin/service-keys': stepUp,
      'GET /admin/stats': stepUp,
      'GET /admin/users': stepUp,
      'GET /admin/users/{id}': stepUp,
      'GET /admin/users/{id}/sessions': stepUp,
      'PATCH /admin/users/{id}': stepUp,
      'PATCH /mfa': stepUp,
      'POST /admin/keys': stepUp,
      'POST /admin/service-keys': stepUp,
      'POST /admin/service-keys/{id}/rotate': stepUp,
      'POST /admin/users': stepUp,
      'POST /admin/users/{id}/mails': stepUp,
      'POST /email/change': stepUp,
      'POST /login': mfa,
      'POST /mfa/recovery-codes': stepUp,
      'POST /mfa/totp': stepUp,
      'POST /mfa/totp/confirm': stepUp,
      'POST /passkeys': stepUp,
      'POST /passkeys/options': stepUp,
      'POST /password/change': stepUp,
      'PUT /admin/users/{id}/password': stepUp
    })
  })

  await t.test('names every code', async (t) => {
    const codes = new Set(
      operations.flatMap(({ operation }) =>
        Object.entries(operation.responses)
          .filter(([status]) => Number(status) >= 400)
          .flatMap(([, { description }]) => description.split(', '))
      )
    )
    // METHOD_NOT_ALLOWED is the answer of a path to a method that is not in the document, IDENTITY_TAKEN that of a page.
    const elsewhere = ['METHOD_NOT_ALLOWED', 'IDENTITY_TAKEN']
    t.strictSame([...codes, ...elsewhere].sort(), Object.keys(PROBLEMS).sort())
  })

  await t.test('has a body where one is read, and none where none is', async (t) => {
    const bodies = operations.flatMap(({ name, operation: { requestBody } }) =>
      requestBody ? [[name, Object.keys(requestBody.content), requestBody.required]] : []
    )
    t.strictSame(Object.fromEntries(bodies.map(([name, ...rest]) => [name, rest])), {
      'DELETE /me': [['application/json'], true],
      'PATCH /admin/users/{id}': [['application/json'], true],
      'PATCH /me': [['application/json'], true],
      'PATCH /mfa': [['application/json'], true],
      'PATCH /passkeys/{id}': [['application/json'], true],
      'POST /admin/keys': [['application/json'], true],
      'POST /admin/service-keys': [['application/json'], true],
      'POST /admin/service-keys/{id}/rotate': [['application/json'], true],
      'POST /admin/users': [['application/json'], true],
      'POST /admin/users/{id}/mails': [['application/json'], true],
      'POST /email/change': [['application/json'], true],
      'POST /email/change/confirm': [['application/json'], true],
      'POST /email/change/undo': [['application/json'], true],
      'POST /email/resend': [['application/json'], true],
      'POST /email/verify': [['application/json'], true],
      'POST /email/verify/reject': [['application/json'], true],
      'POST /introspect': [['application/json', 'application/x-www-form-urlencoded'], true],
      'POST /login': [['application/json'], true],
      'POST /login/mfa': [['application/json'], true],
      'POST /login/passkey': [['application/json'], true],
      'POST /logout': [['application/json'], true],
      'POST /mfa/totp/confirm': [['application/json'], true],
      'POST /passkeys': [['application/json'], true],
      'POST /password/change': [['application/json'], true],
      'POST /password/forgot': [['application/json'], true],
      'POST /password/reset': [['application/json'], true],
      'POST /register': [['application/json'], true],
      'POST /token/refresh': [['application/json'], true],
      'POST /token/step-up': [['application/json'], true],
      'PUT /admin/users/{id}/password': [['application/json'], true]
    })
  })

  await t.test('names no way to sign in where none is needed, and the right one elsewhere', async (t) => {
    const ways = operations.flatMap(({ name, operation: { security } }) => (security ? [[name, security]] : []))
    const bearer = [{ bearer: [] }]
    const operators = [...bearer, { serviceKey: [] }]
    t.strictSame(Object.fromEntries(ways), {
      'DELETE /admin/keys/{kid}': bearer,
      'DELETE /admin/service-keys/{id}': bearer,
      'DELETE /admin/users/{id}': operators,
      'DELETE /admin/users/{id}/factors': operators,
      'DELETE /admin/users/{id}/limits': operators,
      'DELETE /admin/users/{id}/sessions': operators,
      'DELETE /admin/users/{id}/sessions/{session}': operators,
      'DELETE /me': bearer,
      'DELETE /me/identities/{id}': bearer,
      'DELETE /mfa/totp': bearer,
      'DELETE /passkeys/{id}': bearer,
      'DELETE /sessions': bearer,
      'DELETE /sessions/{id}': bearer,
      'GET /admin/audit': operators,
      'GET /admin/keys': operators,
      'GET /admin/service-keys': bearer,
      'GET /admin/stats': operators,
      'GET /admin/users': operators,
      'GET /admin/users/{id}': operators,
      'GET /admin/users/{id}/sessions': operators,
      'GET /me': bearer,
      'GET /me/export': bearer,
      'GET /me/identities': bearer,
      'GET /metrics': [{ metrics: [] }, {}],
      'GET /mfa': bearer,
      'GET /passkeys': bearer,
      'GET /secret': bearer,
      'GET /sessions': bearer,
      'PATCH /admin/users/{id}': operators,
      'PATCH /me': bearer,
      'PATCH /mfa': bearer,
      'PATCH /passkeys/{id}': bearer,
      'POST /admin/keys': operators,
      'POST /admin/service-keys': bearer,
      'POST /admin/service-keys/{id}/rotate': bearer,
      'POST /admin/users': operators,
      'POST /admin/users/{id}/mails': operators,
      'POST /email/change': bearer,
      'POST /email/verify': [...bearer, {}],
      'POST /introspect': [{ introspection: [] }, { introspectionBasic: [] }],
      'POST /logout': [{}, { cookie: [] }],
      'POST /mfa/recovery-codes': bearer,
      'POST /mfa/totp': bearer,
      'POST /mfa/totp/confirm': bearer,
      'POST /passkeys': bearer,
      'POST /passkeys/options': bearer,
      'POST /password/change': bearer,
      'POST /token/refresh': [{}, { cookie: [] }],
      'POST /token/step-up': bearer,
      'PUT /admin/users/{id}/password': operators
    })
  })

  await t.test('is of a size that a browser can take', async (t) => {
    t.ok(JSON.stringify(given).length < 150_000, 'in characters')
  })

  await t.test('has a name for each body, and for each answer and refusal', async (t) => {
    const { schemas, responses } = given.components
    const named = (schema: object, name: string) =>
      t.ok(/^#\/components\/schemas\/\w+$/.test((schema as { $ref?: string }).$ref ?? ''), name)
    for (const { name, operation } of operationsOf(given)) {
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) named(schema, name)
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) >= 400)
          t.match(response, { $ref: /^#\/components\/responses\/[\w.]+$/ }, `${name} ${status}`)
        else if (response.content?.['application/json']) named(response.content['application/json'].schema, name)
      }
    }
    t.match(schemas, { LoginRequest: { oneOf: [{ type: 'object' }, { type: 'object' }] }, ListSessionsResponse: {} })
    t.match(responses['E401.STEP_UP_REQUIRED'], {
      description: 'TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, STEP_UP_REQUIRED'
    })
    t.match(responses, { E400: {}, E503: {}, INVALID_CREDENTIALS: {}, OVERLOADED: {} })
  })

  await t.test('names the shared shapes as they are called', async (t) => {
    const ofOperations = /(?:Request|Response)$/
    t.strictSame(
      Object.keys(document.components.schemas)
        .filter((name) => !ofOperations.test(name))
        .sort(),
      [
        'AdminKey',
        'AdminUser',
        'AssertionCredential',
        'CurrentPassword',
        'Cursor',
        'Email',
        'EmailToken',
        'Id',
        'Limit',
        'ListedUser',
        'Metadata',
        'Mfa',
        'NewServiceKey',
        'NewTotp',
        'Passkey',
        'Problem',
        'PublicKey',
        'RecoveryCodes',
        'RequestOptions',
        'Roles',
        'ServiceKey',
        'Session',
        'Time',
        'TokenState',
        'Tokens',
        'User',
        'Username'
      ]
    )
    t.notMatch(JSON.stringify(given), /"\$id"|"\$ref":"[^#]/)
  })
})

test('the OpenAPI document of each mode says what /register takes and answers', async (t) => {
  const modes: [environment: Record<string, string>, required: string[][], answers: string[], finish: boolean][] = [
    [
      {},
      [
        ['password', 'username'],
        ['password', 'email']
      ],
      ['201', '409'],
      false
    ],
    [{ REQUIRE_VERIFIED_EMAIL: 'on' }, [['email', 'password']], ['201', '409'], false],
    [{ HIDE_ACCOUNTS: 'on' }, [['email']], ['202'], true]
  ]
  for (const [environment, required, answers, finish] of modes) {
    const fastify = await build(t, { environment })
    const { paths } = inlined((await fastify.inject('/openapi.json')).json())
    const { requestBody, responses } = paths['/register'].post
    const { schema } = requestBody.content['application/json']
    t.strictSame(
      (schema.anyOf ?? [schema]).map(({ required }: { required: string[] }) => required),
      required
    )
    t.strictSame(
      Object.keys(responses).filter((status) => /^2|409/.test(status)),
      answers
    )
    t.equal('/register/finish' in paths, finish)
  }
})
