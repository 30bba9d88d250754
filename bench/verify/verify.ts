import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = 'http://127.0.0.1:3000'
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

export async function verify(token: string) {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience: issuer,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'sid']
  })
  return payload
}
