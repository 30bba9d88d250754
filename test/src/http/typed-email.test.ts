import { test } from 'tap'
import { trimEmail } from '../../../src/http/typed-email.ts'
import { post } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'

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
    t.strictSame(response.json(), { body: trimmed }, JSON.stringify(body).slice(0, 60))
  }
})
