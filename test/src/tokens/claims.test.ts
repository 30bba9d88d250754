import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { type Claims, isExpired, validateClaims } from '../../../src/tokens/claims.ts'
import { refusal } from '../../helpers/app.ts'

const ISSUER = 'https://auth.example.com'

const AUDIENCE = 'https://api.example.com'

const NOW = 1_800_000_000

const CLAIMS: Claims = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: '0198a3c2-7f00-7000-8000-000000000001',
  iat: NOW,
  exp: NOW + 900,
  jti: '0198a3c2-7f00-7000-8000-000000000002',
  sid: '0198a3c2-7f00-7000-8000-000000000003',
  client_id: ISSUER,
  preferred_username: 'ada'
}

const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')

/** The body of a refusal. */
function refusalOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Problem ? error.toJSON() : error
  }
}

const without = (claim: keyof Claims) => {
  const { [claim]: _gone, ...rest } = CLAIMS
  return rest
}

const accept = (payload: unknown) => validateClaims(payload, ISSUER, AUDIENCE, NOW * 1000)

test('the claims of a token are accepted', async (t) => {
  const accepted: [string, unknown][] = [
    ['as we issue them', CLAIMS],
    ['of a user without a username', without('preferred_username')],
    ['of an earlier version, without a client', without('client_id')],
    ['with the roles of the user', { ...CLAIMS, roles: ['admin', 'editor'] }],
    ['for another client, on behalf of somebody', { ...CLAIMS, client_id: 'app', act: { sub: 'support' } }],
    ['with how the user was authenticated', { ...CLAIMS, auth_time: NOW, amr: ['pwd', 'mfa'], acr: 'aal2' }],
    ['for several audiences, ours among them', { ...CLAIMS, aud: ['https://other.example.com', AUDIENCE] }],
    ['from an instance whose clock is a little ahead', { ...CLAIMS, iat: NOW + 1 }],
    ['that are valid from now on', { ...CLAIMS, nbf: NOW }],
    ['with further ones', { ...CLAIMS, scope: 'all' }],
    ['that are over, which is told apart', { ...CLAIMS, iat: NOW - 1000, exp: NOW - 100 }]
  ]
  for (const [what, payload] of accepted) {
    await t.test(what, async (t) => t.equal(accept(payload), payload))
  }
})

test('the claims of a token are refused', async (t) => {
  const refused: [string, unknown][] = [
    ...(['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'sid'] as const).map((claim): [string, unknown] => [
      `without ${claim}`,
      without(claim)
    ]),
    ['that are no object', 'text'],
    ['that are nothing', undefined],
    ['that are a list', [CLAIMS]],
    ['of another issuer', { ...CLAIMS, iss: `${ISSUER}/` }],
    ['for another audience', { ...CLAIMS, aud: ISSUER }],
    ['for several audiences, ours not among them', { ...CLAIMS, aud: ['https://other.example.com'] }],
    ['for no audience', { ...CLAIMS, aud: [] }],
    ['with an empty subject', { ...CLAIMS, sub: '' }],
    ['with an empty id', { ...CLAIMS, jti: '' }],
    ['with an empty session', { ...CLAIMS, sid: '' }],
    ['with a subject that is no text', { ...CLAIMS, sub: 5 }],
    ['with an end that is text', { ...CLAIMS, exp: String(NOW + 900) }],
    ['with a username that is no text', { ...CLAIMS, preferred_username: null }],
    ['with a client that is no text', { ...CLAIMS, client_id: 1 }],
    ['with roles that are text', { ...CLAIMS, roles: 'admin' }],
    ['with roles that are no texts', { ...CLAIMS, roles: [['admin']] }],
    ['that were issued in the future', { ...CLAIMS, iat: NOW + 2 }],
    ['that are not valid yet', { ...CLAIMS, nbf: NOW + 2 }],
    ['that were issued in the future and valid before', { ...CLAIMS, iat: NOW + 2, nbf: NOW }]
  ]
  for (const [what, payload] of refused) {
    await t.test(what, async (t) =>
      t.strictSame(
        refusalOf(() => accept(payload)),
        INVALID
      )
    )
  }
})

test('a token has expired from the second of exp', (t) => {
  t.equal(isExpired(CLAIMS, (NOW + 900) * 1000 - 1), false)
  t.equal(isExpired(CLAIMS, (NOW + 900) * 1000), true)
  t.end()
})
