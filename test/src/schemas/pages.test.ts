import type { TSchema } from '@sinclair/typebox'
import { test } from 'tap'
import {
  EmailForm,
  EmptyForm,
  PasskeySignInForm,
  RequirementForm,
  SecondStepForm,
  SessionForm,
  SignInForm,
  SignUpForm,
  StepUpForm,
  TotpSetupForm
} from '../../../src/schemas/pages.ts'
import { letters, validator } from '../../helpers/schemas.ts'

const credential = {
  id: 'x',
  rawId: 'x',
  type: 'public-key',
  response: { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x' }
}
const UNKNOWN = ['/other is not a known key']

test('forms have their fields, return_to where they lead on, and nothing else', (t) => {
  const rows: [what: string, schema: TSchema, fields: Record<string, unknown>, leadsOn: boolean][] = [
    ['a sign-in', SignInForm, { name: 'ada', password: 'x' }, true],
    ['a sign-in with a passkey', PasskeySignInForm, { credential }, true],
    ['a request for a mail', EmailForm, { email: 'ada@example.com' }, true],
    ['a registration', SignUpForm(false), { username: 'ada', password: 'x' }, true],
    ['a registration by address', SignUpForm(true), { email: 'ada@example.com', password: 'x' }, true],
    ['a second step', SecondStepForm, { mfa_token: 'x', totp: '123456', challenge: '{}' }, true],
    ['a step-up', StepUpForm, { password: 'x', challenge: '{}' }, true],
    ['the end of the other sessions', SessionForm, {}, false],
    ['the end of a session', SessionForm, { session: '0198a3c2-7f00-7000-8000-000000000001' }, false],
    ['the first code of an app', TotpSetupForm, { totp: '123456', secret: 'A'.repeat(32) }, false],
    ['a requirement', RequirementForm, { required: 'true' }, false],
    ['no requirement', RequirementForm, { required: 'false' }, false],
    ['an empty form', EmptyForm, {}, false]
  ]
  for (const [what, schema, fields, leadsOn] of rows) {
    const faultsOf = validator(schema)
    t.strictSame(faultsOf(fields), [], what)
    t.strictSame(faultsOf({ ...fields, other: 'x' }), UNKNOWN, what)
    const returning = { ...fields, return_to: '/pages/account' }
    t.strictSame(faultsOf(returning), leadsOn ? [] : ['/return_to is not a known key'], what)
  }
  t.end()
})

test('a registration has one name at least, or an address where it is needed', (t) => {
  t.strictSame(validator(SignUpForm(false))({ password: 'x' }).length > 0, true)
  t.strictSame(validator(SignUpForm(true))({ username: 'ada', password: 'x' }), ['/email is required'])
  t.end()
})

test('fields that a page fills in are as it does', (t) => {
  const rows: [schema: TSchema, fields: object, faults: string[]][] = [
    [SignInForm, { name: '', password: 'x' }, ['/name must have at least 1 characters']],
    [SignInForm, { name: letters(255), password: 'x' }, ['/name must have at most 254 characters']],
    [RequirementForm, { required: 'yes' }, ['/required must be true or false']],
    [TotpSetupForm, { totp: '123456', secret: 'a'.repeat(32) }, ['/secret must be a secret']],
    [TotpSetupForm, { totp: '12345', secret: 'A'.repeat(32) }, ['/totp must be six digits']]
  ]
  for (const [schema, fields, faults] of rows) t.strictSame(validator(schema)(fields), faults, JSON.stringify(fields))
  t.equal(validator(SessionForm)({ session: '1' }).length, 1, 'a session has an id')
  t.notSame(validator(SecondStepForm)({ mfa_token: 'x' }), [], 'a second step has a proof')
  t.notSame(validator(StepUpForm)({ password: 'x', totp: '123456' }), [], 'a step-up has one proof')
  t.end()
})
