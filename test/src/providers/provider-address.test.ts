import { test } from 'tap'
import { addressOf } from '../../../src/providers/provider-address.ts'

test('the address of an identity is one that an account could have', (t) => {
  t.strictSame(addressOf('Ada@Example.com', true), { email: 'Ada@Example.com', emailIsVerified: true })
  t.strictSame(addressOf('ada@example.com', false), { email: 'ada@example.com', emailIsVerified: false })
  for (const email of [undefined, null, 1, {}, ['ada@example.com'], '', 'ada', 'ada@', 'a\u0000@example.com']) {
    t.strictSame(addressOf(email, true), { emailIsVerified: false }, JSON.stringify(email))
  }
  t.strictSame(addressOf(`${'a'.repeat(300)}@example.com`, true), { emailIsVerified: false })
  t.end()
})
