import { test } from 'tap'
import type { Proof } from '../../../src/errors.ts'
import { addProof, judgeFreshness, levelOf } from '../../../src/sessions/assurance.ts'

test('what was proven in a session adds up', (t) => {
  const rows: [before: string[], proof: Proof, amr: string[], level: string][] = [
    [[], 'password', ['pwd'], 'aal1'],
    [['pwd'], 'password', ['pwd'], 'aal1'],
    [['pwd'], 'totp', ['pwd', 'otp', 'mfa'], 'aal2'],
    [['pwd'], 'recovery_code', ['pwd', 'otp', 'mfa'], 'aal2'],
    [['pwd', 'otp', 'mfa'], 'recovery_code', ['pwd', 'otp', 'mfa'], 'aal2'],
    [['pwd'], 'passkey', ['pwd', 'pop', 'user', 'mfa'], 'aal2'],
    [[], 'passkey', ['pop', 'user', 'mfa'], 'aal2'],
    [['pop', 'user', 'mfa'], 'totp', ['otp', 'pop', 'user', 'mfa'], 'aal2'],
    [['mfa', 'otp', 'pwd'], 'password', ['pwd', 'otp', 'mfa'], 'aal2'],
    [[], 'totp', ['otp'], 'aal1'],
    [['of a later version'], 'password', ['pwd'], 'aal1']
  ]
  for (const [before, proof, amr, level] of rows) {
    t.strictSame(addProof(before, proof), amr, `${before} and ${proof}`)
    t.equal(levelOf(addProof(before, proof)), level)
  }
  t.end()
})

test('a token is fresh by its own time and level', (t) => {
  const now = 1_800_000_000_000
  const at = (age: number) => now / 1000 - age
  const rows: [what: string, claims: Parameters<typeof judgeFreshness>[0], secondStep: boolean, outcome: string][] = [
    ['just proven', { auth_time: at(0), acr: 'aal1' }, false, 'fresh'],
    ['at the limit', { auth_time: at(600), acr: 'aal1' }, false, 'fresh'],
    ['a second later', { auth_time: at(601), acr: 'aal1' }, false, 'too old'],
    ['an older instance', {}, false, 'too old'],
    ['an older instance, second step', {}, true, 'too low'],
    ['too low', { auth_time: at(0), acr: 'aal1' }, true, 'too low'],
    ['too low and too old', { auth_time: at(601), acr: 'aal1' }, true, 'too low'],
    ['two factors', { auth_time: at(600), acr: 'aal2' }, true, 'fresh'],
    ['two factors, too old', { auth_time: at(601), acr: 'aal2' }, true, 'too old'],
    ['more than is required', { auth_time: at(1), acr: 'aal2' }, false, 'fresh']
  ]
  for (const [what, claims, secondStep, outcome] of rows) {
    t.equal(judgeFreshness(claims, { maxAge: 600, secondStep, now }), outcome, what)
  }
  t.end()
})
