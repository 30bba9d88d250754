import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build } from '../../helpers/app.ts'
import { waiting } from '../../helpers/letters.ts'
import { readPage, submit } from '../../helpers/page.ts'

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const url = '/pages/password/forgot'

test('a page that asks for a mail', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, LIMITS: 'on' } })

  await t.test('has one answer for every address', async (t) => {
    await submit(fastify, url, { email: 'ada@example.com' })
    const answers = await Promise.all(
      ['ada@example.com', 'nobody@example.com'].map((email) => submit(fastify, url, { email }))
    )
    for (const { statusCode, body } of answers) t.strictSame([statusCode, body], [200, answers[0]?.body])
  })

  await t.test('changes nothing when it is looked at', async (t) => {
    const stored = () => fastify.database.open().query(sql`SELECT key, count FROM limits ORDER BY key`)
    const before = [await stored(), await waiting(fastify)]
    for (const method of ['GET', 'HEAD'] as const) t.equal((await fastify.inject({ method, url })).statusCode, 200)
    t.strictSame([await stored(), await waiting(fastify)], before)
  })

  await t.test('says at the field what is wrong with an address, and keeps it', async (t) => {
    const rows: [fields: Record<string, string>, words: string][] = [
      [{}, 'Fill this in.'],
      [{ email: '"ada' }, 'Enter a complete email address, such as ada@example.com.']
    ]
    for (const [fields, words] of rows) {
      const response = await submit(fastify, url, fields)
      t.match(readPage(response), { statusCode: 400, inputs: ['email'] })
      t.match(response.body, `<p class="wrong" id="email-fault">${words}</p>`)
    }
    t.match((await submit(fastify, url, { email: '"ada' })).body, 'value="&quot;ada" required aria-invalid="true"')
    const headers = { origin: 'http://127.0.0.1:3000', 'content-type': 'text/plain' }
    const plain = await fastify.inject({ method: 'POST', url, headers, payload: 'x' })
    t.match(readPage(plain), { statusCode: 415, text: /The form could not be read/, inputs: ['email'] })
    const foreign = await submit(fastify, url, { email: 'ada@example.com' }, {})
    t.match(readPage(foreign), {
      statusCode: 403,
      text: /This form did not come from our own page/,
      inputs: { length: 0 }
    })
  })

  await t.test('counts by client address with the route of the API', async (t) => {
    const answers = []
    for (let count = 0; count < 30; count++) answers.push(await submit(fastify, url, { email: 'ada@example.com' }))
    const refused = answers.filter(({ statusCode }) => statusCode === 429)
    t.ok(refused.length > 0)
    t.match(readPage(refused[0] as never), { text: /There were too many attempts\. Try again in \d+ (?:minutes|hour)/ })
    const other = { method: 'POST', url: '/password/forgot', payload: { email: 'ada@example.com' } } as const
    t.equal((await fastify.inject(other)).statusCode, 429)
  })
})
