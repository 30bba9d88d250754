import { test } from 'tap'
import { nameComponents } from '../../../plugins/schemas/name-components.ts'
import { type Code, PROBLEMS } from '../../../src/errors.ts'
import { Id } from '../../../src/schemas/fields.ts'

const text = { type: 'string' }
const json = (schema: object) => ({ 'application/json': { schema } })
const Problem = { type: 'object', properties: { code: text } }
const problem = (...codes: Code[]) => ({
  description: codes.join(', '),
  content: json({ $ref: '#/components/schemas/Problem' })
})

/** A document with one operation, `readThing`. */
const withOperation = (operation: object) =>
  nameComponents({
    paths: { '/things/{id}': { post: { operationId: 'readThing', responses: {}, ...operation } } },
    components: { schemas: { Problem } }
  })

test('a body and an answer are named after their operation', async (t) => {
  const { paths, components } = withOperation({
    summary: 'Read it',
    requestBody: { required: true, content: json({ type: 'object', properties: { at: text } }) },
    responses: {
      200: { description: 'The thing.', content: json({ type: 'array', items: text }) },
      201: { description: 'The problem.', content: json({ $ref: '#/components/schemas/Problem', description: 'it' }) },
      202: { description: 'The text.', content: { 'text/plain': { schema: text } } },
      204: { description: 'Done.' }
    }
  })
  t.strictSame(paths['/things/{id}']?.post, {
    operationId: 'readThing',
    summary: 'Read it',
    requestBody: { required: true, content: json({ $ref: '#/components/schemas/ReadThingRequest' }) },
    responses: {
      200: { description: 'The thing.', content: json({ $ref: '#/components/schemas/ReadThingResponse' }) },
      201: { description: 'The problem.', content: json({ $ref: '#/components/schemas/Problem' }) },
      202: { description: 'The text.', content: { 'text/plain': { schema: text } } },
      204: { description: 'Done.' }
    }
  })
  t.strictSame(components, {
    schemas: {
      ReadThingRequest: { type: 'object', properties: { at: text } },
      ReadThingResponse: { type: 'array', items: text },
      Problem
    },
    responses: {}
  })
})

test('a parameter that is a shared part refers to it', async (t) => {
  const { description, examples, ...schema } = JSON.parse(JSON.stringify(Id))
  const own = { in: 'query', name: 'of', schema: text, example: 'x' }
  const { paths, components } = withOperation({
    parameters: [{ in: 'path', name: 'id', required: true, schema, description, example: examples[0] }, own]
  })
  t.strictSame(paths['/things/{id}']?.post?.parameters, [
    { in: 'path', name: 'id', required: true, schema: { $ref: '#/components/schemas/Id' } },
    own
  ])
  t.strictSame(JSON.parse(JSON.stringify(components.schemas.Id)), { ...schema, description, examples })
})

test('a refusal is a component with its codes alone, named after its status and what is unusual about it', async (t) => {
  const names: [status: number, codes: Code[], name: string][] = [
    [400, ['VALIDATION_FAILED', 'MALFORMED_REQUEST'], 'E400'],
    [400, ['VALIDATION_FAILED', 'MALFORMED_REQUEST', 'PASSWORD_REJECTED'], 'E400.PASSWORD_REJECTED'],
    [401, ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED'], 'E401'],
    [401, ['TOKEN_MISSING', 'TOKEN_INVALID'], 'TOKEN_MISSING.TOKEN_INVALID'],
    [403, ['MFA_REQUIRED'], 'MFA_REQUIRED'],
    [408, ['MALFORMED_REQUEST'], 'E408'],
    [404, ['NOT_FOUND'], 'E404']
  ]
  for (const [status, codes, name] of names) {
    const { paths, components } = withOperation({ responses: { [status]: problem(...codes) } })
    t.strictSame(paths['/things/{id}']?.post?.responses, { [status]: { $ref: `#/components/responses/${name}` } })
    const code = { type: 'string', enum: codes }
    const schema = {
      allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code }, required: ['code'] }]
    }
    t.strictSame(components.responses, { [name]: { description: codes.join(', '), content: json(schema) } })
  }
})

test('different refusals have different names', async (t) => {
  const all = Object.entries(PROBLEMS) as [Code, { status: number }][]
  for (const status of new Set(all.map(([, problem]) => problem.status))) {
    const codes = all.filter(([, problem]) => problem.status === status).map(([code]) => code)
    // Every set of them: of a number, a bit for each.
    const sets = Array.from({ length: 2 ** codes.length - 1 }, (_, n) =>
      codes.filter((_code, bit) => (n + 1) & (2 ** bit))
    )
    const operations = sets.map((set) => [set.join(), { operationId: 'a', responses: { [status]: problem(...set) } }])
    const { components } = nameComponents({
      paths: { '/': Object.fromEntries(operations) },
      components: { schemas: {} }
    })
    t.equal(Object.keys(components.responses).length, sets.length, `${status}`)
  }
})
