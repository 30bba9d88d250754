import { test } from 'tap'
import type { Names } from '../../../src/schemas/users.ts'
import { trimEmail, trimNames } from '../../../src/users/names.ts'
import { post } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'

test('white space at the ends of names is removed', async (t) => {
  const cases: [typed: Names, taken: Names][] = [
    [{ username: ' \tada\u00a0' }, { username: 'ada' }],
    [{ email: '\ufeffada@example.com\r\n' }, { email: 'ada@example.com' }],
    [{ username: 'ada lovelace' }, { username: 'ada lovelace' }],
    [{ username: ' \u3000 ' }, { username: '' }],
    [{}, {}]
  ]
  for (const [typed, taken] of cases) t.strictSame(trimNames(typed), taken)
})

test('an address as it is typed', async (t) => {
  const fastify = assemble(t, { plugins: [] })
  fastify.register(async (scope) => {
    scope.post('/', { preValidation: trimEmail }, async ({ body }) => ({ body: body ?? null }))
  })
  const cases: [body: unknown, trimmed: unknown][] = [
    [{ email: ' \t\n\u00a0\u2003\ufeffada@example.com\u3000\u2028 ' }, { email: 'ada@example.com' }],
    [
      { email: 'ada@example.com', x: ' ' },
      { email: 'ada@example.com', x: ' ' }
    ],
    [{ email: ' a b ' }, { email: 'a b' }],
    [{ email: ' ' }, { email: '' }],
    [{ email: ` ${'x'.repeat(254)}` }, { email: ` ${'x'.repeat(254)}` }],
    [{ email: 5 }, { email: 5 }],
    [{}, {}],
    [[], []],
    [null, null],
    ['ada ', 'ada ']
  ]
  for (const [body, trimmed] of cases) {
    const response = await post(fastify, '/', body)
    // Not the body itself, in which a line separator would break the line of the assertion in two.
    t.strictSame(response.json(), { body: trimmed }, encodeURI(JSON.stringify(body).slice(0, 60)))
  }
})
