import { test } from 'tap'
import {
  EmailBody,
  EmailChange,
  EmailChangeByPassword,
  EmailTokenBody,
  EmailUndo,
  EmailVerification
} from '../../../src/schemas/email.ts'
import { letters, validator } from '../../helpers/schemas.ts'

test('bodies about email addresses', (t) => {
  const token = 'x'
  const table: [name: string, schema: Parameters<typeof validator>[0], body: unknown, faults: string[]][] = [
    ['EmailTokenBody', EmailTokenBody, { token }, []],
    ['EmailTokenBody', EmailTokenBody, {}, ['/token is required']],
    ['EmailTokenBody', EmailTokenBody, { token: letters(513) }, ['/token must have at most 512 characters']],
    ['EmailVerification', EmailVerification, { token }, []],
    ['EmailVerification', EmailVerification, { token, password: 'x' }, []],
    ['EmailVerification', EmailVerification, { token, password: '' }, ['/password must have at least 1 characters']],
    ['EmailUndo', EmailUndo, { token }, []],
    ['EmailUndo', EmailUndo, { token, new_password: 'any: its policy has a code of its own' }, []],
    ['EmailUndo', EmailUndo, { token, password: 'x' }, ['/password is not a known key']],
    ['EmailBody', EmailBody, { email: 'ada@example.com' }, []],
    ['EmailBody', EmailBody, { email: 'a%b@example.com' }, []],
    ['EmailBody', EmailBody, { email: 'ada' }, ['/email must be an email address']],
    ['EmailChange', EmailChange, { new_email: 'ada@example.com', current_password: 'x' }, []],
    [
      'EmailChange',
      EmailChange,
      { new_email: 'a%b@example.com', current_password: 'x' },
      ['/new_email must be an email address']
    ],
    ['EmailChange', EmailChange, { new_email: 'ada@example.com' }, []],
    [
      'EmailChangeByPassword',
      EmailChangeByPassword,
      { email: 'x' },
      ['/new_email is required', '/current_password is required', '/email is not a known key']
    ]
  ]
  for (const [name, schema, body, faults] of table) {
    t.strictSame(validator(schema)(body), faults, `${name} ${JSON.stringify(body).slice(0, 80)}`)
  }
  t.end()
})
