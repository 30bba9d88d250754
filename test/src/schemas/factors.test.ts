import { test } from 'tap'
import { SecondStep, StepUp } from '../../../src/schemas/factors.ts'
import { letters, validator } from '../../helpers/schemas.ts'

const credential = {
  id: 'x',
  rawId: 'x',
  type: 'public-key',
  response: { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x', userHandle: null }
}
const six = ['12345', '1234567', '12345a', ' 12345', '１２３４５６']

test('a second step has its token and exactly one proof', (t) => {
  const isValid = (body: object) => validator(SecondStep)(body).length === 0
  const mfa_token = 'x'
  for (const proof of [{ totp: '012345' }, { recovery_code: letters(64) }, { credential }]) {
    t.ok(isValid({ mfa_token, ...proof }), JSON.stringify(proof).slice(0, 60))
    t.notOk(isValid(proof), 'without the token')
    t.notOk(isValid({ mfa_token: letters(513), ...proof }), 'with a token that is too long')
    t.notOk(isValid({ mfa_token, ...proof, password: 'x' }), 'with a password')
    t.notOk(isValid({ mfa_token, ...proof, other: 'x' }), 'with an unknown key')
  }
  for (const totp of [...six, 123456]) t.notOk(isValid({ mfa_token, totp }), String(totp))
  for (const recovery_code of ['', letters(65)]) t.notOk(isValid({ mfa_token, recovery_code }))
  t.notOk(isValid({ mfa_token }), 'without a proof')
  t.notOk(isValid({ mfa_token, totp: '012345', recovery_code: 'x' }), 'with two proofs')
  t.end()
})

test('a step-up takes the password too, and exactly one proof', (t) => {
  const isValid = (body: object) => validator(StepUp)(body).length === 0
  for (const proof of [{ password: 'x' }, { totp: '012345' }, { recovery_code: 'x' }, { credential }]) {
    t.ok(isValid(proof), JSON.stringify(proof).slice(0, 60))
    t.notOk(isValid({ ...proof, mfa_token: 'x' }), 'with a token of a sign-in')
  }
  t.notOk(isValid({}), 'without a proof')
  t.notOk(isValid({ password: 'x', totp: '012345' }), 'with two proofs')
  t.end()
})

test('a credential may have keys that this version does not know, and must have those that it reads', (t) => {
  const isValid = (given: object) => validator(StepUp)({ credential: given }).length === 0
  t.ok(isValid({ ...credential, authenticatorAttachment: 'platform', later: 1 }))
  t.ok(isValid({ ...credential, response: { ...credential.response, later: 1 } }))
  for (const key of ['id', 'rawId', 'type', 'response']) t.notOk(isValid({ ...credential, [key]: undefined }), key)
  for (const key of ['clientDataJSON', 'authenticatorData', 'signature']) {
    t.notOk(isValid({ ...credential, response: { ...credential.response, [key]: undefined } }), key)
  }
  t.end()
})
