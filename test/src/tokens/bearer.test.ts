import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { bearerToken, requireKey } from '../../../src/tokens/bearer.ts'
import { refusal } from '../../helpers/app.ts'

const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')

const MISSING = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')

/** The body of a refusal. */
function refusalOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Problem ? error.toJSON() : error
  }
}

test('the token of an Authorization header is what follows the scheme', (t) => {
  const headers: [string, string][] = [
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER   a.b.c ', 'a.b.c'],
    ['Bearer', ''],
    ['Bearer ', ''],
    ['Bearer two words', 'two words']
  ]
  for (const [header, token] of headers) t.equal(bearerToken(header), token, header)
  t.end()
})

test('a bearer token is missing', async (t) => {
  const headers: [string, string | undefined][] = [
    ['without a header', undefined],
    ['with an empty one', ''],
    ['with another scheme', 'Basic YWRhOng='],
    ['with a scheme that only begins like ours', 'Bearerish a.b.c'],
    ['with a token alone', 'a.b.c'],
    ['with a space before the scheme', ' Bearer a.b.c']
  ]
  for (const [what, header] of headers) {
    await t.test(what, async (t) =>
      t.strictSame(
        refusalOf(() => bearerToken(header)),
        MISSING
      )
    )
  }
})

test('a key is accepted', async (t) => {
  const KEY = 'the key of the services, 32 bytes or more'
  for (const header of [`Bearer ${KEY}`, `bearer ${KEY}`, `BEARER   ${KEY} `]) {
    await t.test(`as ${header.split(' ')[0]}`, async (t) => t.doesNotThrow(() => requireKey(header, KEY)))
  }

  const refused: [string, string | undefined, object][] = [
    ['without a header', undefined, MISSING],
    ['with an empty one', '', MISSING],
    ['with another scheme', `Basic ${KEY}`, MISSING],
    ['as the key alone', KEY, MISSING],
    ['with nothing after the scheme', 'Bearer', INVALID],
    ['with another key', `Bearer ${KEY.replace('t', 'T')}`, INVALID],
    ['with a part of the key', `Bearer ${KEY.slice(0, -1)}`, INVALID],
    ['with more than the key', `Bearer ${KEY}x`, INVALID],
    ['with the key twice', `Bearer ${KEY} ${KEY}`, INVALID]
  ]
  for (const [what, header, expected] of refused) {
    await t.test(`not ${what}`, async (t) =>
      t.strictSame(
        refusalOf(() => requireKey(header, KEY)),
        expected
      )
    )
  }
})
