import { test } from 'tap'
import { readClaims } from '../src/claims.ts'
import { makeToken } from './browser.ts'

test('decodes the claims of a token, in base64url and UTF-8', (t) => {
  const claims = { sub: 'ada', preferred_username: '÷ß~?>ÿ 漢字', roles: ['editor'] }
  const token = makeToken(claims)
  t.match(token, /[-_]/)
  t.strictSame(readClaims(token), claims)
  t.end()
})
