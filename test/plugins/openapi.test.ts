import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { PROBLEMS } from '../../src/errors.ts'
import { build } from '../helper.ts'

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  requestBody?: { content: Record<string, { schema: object }>; required: boolean }
  responses: Record<string, { description: string; content?: Record<string, { schema: object; example?: object }> }>
}

test('the OpenAPI document', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://id.example' } })
  const document = fastify.swagger() as unknown as {
    openapi: string
    info: Record<string, unknown>
    servers: unknown
    tags: { name: string }[]
    paths: Record<string, Record<string, Operation>>
    components: { schemas: Record<string, unknown>; securitySchemes: unknown }
  }
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation }))
  )

  await t.test('is version 3.1, and says what it describes and where that is', async (t) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    t.equal(document.openapi, '3.1.0')
    t.match(document.info, { title: 'Latchkey', version, license: { name: 'MIT', identifier: 'MIT' } })
    t.strictSame(document.servers, [{ url: 'https://id.example' }])
    t.match(document.components.securitySchemes, {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      metrics: { type: 'http', scheme: 'bearer' }
    })
  })

  await t.test('has every route and no other', async (t) => {
    t.strictSame(operations.map(({ name }) => name).sort(), [
      'GET /.well-known/jwks.json',
      'GET /docs',
      'GET /docs/{file}',
      'GET /health/live',
      'GET /health/ready',
      'GET /me',
      'GET /metrics',
      'GET /openapi.json',
      'GET /secret',
      'POST /login',
      'POST /register'
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

  await t.test('describes every refusal by the one body, with an example', async (t) => {
    const refusals = operations.flatMap(({ operation }) =>
      Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
    )
    t.ok(refusals.length > 50)
    for (const [status, { description, content }] of refusals) {
      const { schema, example } = content?.['application/json'] ?? {}
      t.match(schema, { $ref: '#/components/schemas/Problem' })
      t.match(example, { statusCode: Number(status), code: description.split(', ')[0], message: /./ })
    }
  })

  await t.test('names every code', async (t) => {
    const codes = new Set(
      operations.flatMap(({ operation }) =>
        Object.entries(operation.responses)
          .filter(([status]) => Number(status) >= 400)
          .flatMap(([, { description }]) => description.split(', '))
      )
    )
    // METHOD_NOT_ALLOWED is the answer of a path to a method that is not in the document; no route has the others yet.
    const elsewhere = ['METHOD_NOT_ALLOWED', 'REFRESH_TOKEN_INVALID', 'FORBIDDEN', 'TOO_MANY_REQUESTS']
    t.strictSame([...codes, ...elsewhere].sort(), Object.keys(PROBLEMS).sort())
  })

  await t.test('names the shared shapes as they are called', async (t) => {
    t.strictSame(Object.keys(document.components.schemas).sort(), ['Problem', 'PublicKey', 'Tokens', 'User'])
    t.notMatch(JSON.stringify(document), /"\$id"|"\$ref":"[^#]/)
  })
})
