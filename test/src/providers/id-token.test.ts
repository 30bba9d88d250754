import { test } from 'tap'
import { checkIdToken, checkSubject } from '../../../src/providers/id-token.ts'
import { FederationRefusal } from '../../../src/providers/provider.ts'

const NOW = 1_700_000_000
const expected = { clientId: 'latchkey', now: NOW * 1000 }
const CLAIMS = { aud: 'latchkey', sub: 'ada-1', iat: NOW, exp: NOW + 300 }

/** The subject, or why there is none. */
function outcomeOf(check: () => string): string {
  try {
    return check()
  } catch (error) {
    return (error as FederationRefusal).reason
  }
}

test('the claims of an ID token', (t) => {
  const rows: [what: string, more: object, outcome: string][] = [
    ['as they should be', {}, 'ada-1'],
    ['a list of one audience', { aud: ['latchkey'] }, 'ada-1'],
    ['the party itself', { azp: 'latchkey' }, 'ada-1'],
    ['60 s ahead', { iat: NOW + 60 }, 'ada-1'],
    ['the last second', { exp: NOW + 1 }, 'ada-1'],
    ['no audience', { aud: undefined }, 'wrong audience'],
    ['another audience', { aud: 'other' }, 'wrong audience'],
    ['an empty list', { aud: [] }, 'wrong audience'],
    ['two audiences', { aud: ['latchkey', 'other'] }, 'wrong audience'],
    ['two audiences, and the party', { aud: ['latchkey', 'other'], azp: 'latchkey' }, 'wrong audience'],
    ['another party', { azp: 'other' }, 'wrong authorized party'],
    ['a party that is null', { azp: null }, 'wrong authorized party'],
    ['expired now', { exp: NOW }, 'token expired'],
    ['no expiry', { exp: undefined }, 'token expired'],
    ['an expiry as text', { exp: String(NOW + 300) }, 'token expired'],
    ['not a number', { exp: Number.NaN, iat: NOW + 61 }, 'token of the future'],
    ['61 s ahead', { iat: NOW + 61 }, 'token of the future'],
    ['no time of issue', { iat: undefined }, 'token of the future'],
    ['no subject', { sub: undefined }, 'invalid subject']
  ]
  for (const [what, more, outcome] of rows) {
    t.equal(
      outcomeOf(() => checkIdToken({ ...CLAIMS, ...more }, expected)),
      outcome,
      what
    )
  }
  t.end()
})

test('a subject', (t) => {
  for (const sub of ['a', 'x'.repeat(255), 'ä ö', '😀'.repeat(255), '0']) t.equal(checkSubject(sub), sub)
  for (const sub of [undefined, null, 1, {}, '', 'x'.repeat(256), 'a\nb', 'a\u0000', 'a\u202eb']) {
    t.throws(() => checkSubject(sub), { name: 'FederationRefusal', message: 'invalid subject' }, JSON.stringify(sub))
  }
  t.ok(new FederationRefusal('invalid subject') instanceof Error)
  t.end()
})
