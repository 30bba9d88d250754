import { test } from 'tap'
import { readAuthorization, readBearer } from '../src/bearer.ts'

test('the token of an Authorization header', async (t) => {
  const cases: [header: string | undefined, token: string | undefined][] = [
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc', 'abc'],
    ['Bearer', ''],
    ['Bearer ', ''],
    ['Bearer a b', 'a b'],
    ['Bearer a\nb', 'a\nb'],
    [undefined, undefined],
    ['', undefined],
    ['Basic abc', undefined],
    ['Bearerabc', undefined],
    ['Bearer\tabc', undefined],
    [' Bearer abc', undefined],
    ['DPoP abc', undefined]
  ]
  for (const [header, token] of cases) {
    if (token === undefined) t.throws(() => readBearer(header), { code: 'TOKEN_MISSING' }, String(header))
    else t.equal(readBearer(header), token, String(header))
  }
})

test('the header of a request in Node: one, or none', async (t) => {
  t.equal(readAuthorization({ rawHeaders: ['Host', 'authorization', 'AUTHORIZATION', 'Bearer a'] }), 'Bearer a')
  t.equal(readAuthorization({ rawHeaders: ['Host', 'localhost'] }), undefined)
  const twice = { rawHeaders: ['Authorization', 'Bearer a', 'authorization', 'Bearer a'] }
  t.throws(() => readAuthorization(twice), { code: 'TOKEN_INVALID' })
})
