import { createHash } from 'node:crypto'
import { test } from 'tap'
import { createRefreshToken } from '../../src/refresh-token.ts'

const SESSION = '0198a3c2-7f00-7000-8000-0123456789ab'

const sha256 = (part: string | undefined) =>
  createHash('sha256')
    .update(Buffer.from(String(part), 'base64url'))
    .digest()

test('a refresh token reads session.family.rotating, and only hashes of its secret parts are stored', (t) => {
  const { token, ...stored } = createRefreshToken(SESSION)
  t.match(token, /^[\w-]{22}\.[\w-]{22}\.[\w-]{43}$/)
  const [session, family, rotating] = token.split('.')
  t.equal(Buffer.from(String(session), 'base64url').toString('hex'), SESSION.replaceAll('-', ''))
  t.strictSame(stored, { familyHash: sha256(family), rotatingHash: sha256(rotating) })
  t.end()
})

test('a refresh token fits the length that the schema of its route takes', (t) => {
  t.equal(createRefreshToken(SESSION).token.length, 89)
  t.end()
})

test('no two refresh tokens share a secret, even of one session', (t) => {
  const tokens = Array.from({ length: 100 }, () => createRefreshToken(SESSION).token.split('.'))
  t.equal(new Set(tokens.map(([session]) => session)).size, 1)
  t.equal(new Set(tokens.map(([, family]) => family)).size, 100)
  t.equal(new Set(tokens.map(([, , rotating]) => rotating)).size, 100)
  t.end()
})
