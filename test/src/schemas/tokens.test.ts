import { test } from 'tap'
import { Introspection, JwksAnswer, PublicKey, TokenState } from '../../../src/schemas/tokens.ts'
import { validator } from '../../helpers/schemas.ts'

test('an introspection request has a token and, at most, a hint', (t) => {
  const faultsOf = validator(Introspection)
  t.strictSame(faultsOf({ token: 'x' }), [])
  t.strictSame(faultsOf({ token: 'x', token_type_hint: 'anything' }), [])
  t.strictSame(faultsOf({ token: '' }), ['/token must have at least 1 characters'])
  t.strictSame(faultsOf({}), ['/token is required'])
  t.strictSame(faultsOf({ token: 'x', client_id: 'y' }), ['/client_id is not a known key'])
  t.end()
})

test('an inactive token has no claims to list, an active one those of RFC 7662 §2.2', (t) => {
  const faultsOf = validator(TokenState)
  for (const example of TokenState.examples as unknown[]) t.strictSame(faultsOf(example), [])
  t.strictSame(faultsOf({ active: true, aud: ['a', 'b'] }), [])
  t.strictSame(faultsOf({}), ['/active is required'])
  t.strictSame(faultsOf({ active: true, password_hash: 'x' }), ['/password_hash is not a known key'])
  t.end()
})

test('a public key is one of P-256 for ES256, without its private part', (t) => {
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k', alg: 'ES256', use: 'sig' }
  t.strictSame(validator(PublicKey)(key), [])
  t.strictSame(validator(PublicKey)({ ...key, d: 'secret' }), ['/d is not a known key'])
  t.equal(validator(PublicKey)({ ...key, crv: 'P-384' }).length, 1)
  t.strictSame(validator(JwksAnswer)({ keys: [key] }), [])
  t.strictSame(validator(JwksAnswer)({}), ['/keys is required'])
  t.end()
})
