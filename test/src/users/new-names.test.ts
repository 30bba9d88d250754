import { UNMAILABLE } from '@latchkey/contract/suite/expectations'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { validateNewNames } from '../../../src/users/new-names.ts'
import { build, PASSWORD, post } from '../../helpers/app.ts'

const table: [what: string, names: object, isValid: boolean][] = [
  ['both names', { username: 'Ada.L', email: 'Ada@Example.com' }, true],
  ['a username', { username: 'ada' }, true],
  ['an email', { email: 'ada+tag@mail.example.com' }, true],
  ['no name', {}, false],
  ['a short username', { username: 'ad' }, false],
  ['a long username', { username: 'a'.repeat(33) }, false],
  ['a username of other letters', { username: 'zoë' }, false],
  ['a username that ends with a dot', { username: 'ada.' }, false],
  ['an email without a domain', { email: 'ada' }, false],
  ['a long email', { email: `ada@${'x.'.repeat(130)}example` }, false],
  ...UNMAILABLE.map((email): [string, object, boolean] => [`the email ${email}`, { email }, false]),
  ['two faults', { username: 'a', email: 'b' }, false],
  ['another key', { username: 'ada', admin: true }, false]
]

test('names are validated as by /register:', async (t) => {
  const fastify = await build(t)
  for (const [what, names, isValid] of table) {
    await t.test(what, async (t) => {
      await fastify.database.open().query(sql`TRUNCATE users CASCADE`)
      const { statusCode, ...answer } = await post(fastify, '/register', { ...names, password: PASSWORD })
      t.equal(statusCode, isValid ? 201 : 400)
      if (isValid) t.strictSame(validateNewNames(names), names)
      else t.strictSame(refusal(names), answer.json())
    })
  }
})

function refusal(names: unknown) {
  try {
    return validateNewNames(names)
  } catch (error) {
    return (error as Problem).toJSON()
  }
}
