import { test } from 'tap'
import { base32 } from '../../../src/factors/base32.ts'

test('base32 is that of RFC 4648 §10, without padding', (t) => {
  const vectors = {
    '': '',
    f: 'MY',
    fo: 'MZXQ',
    foo: 'MZXW6',
    foob: 'MZXW6YQ',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI'
  }
  for (const [text, encoded] of Object.entries(vectors)) t.equal(base32(Buffer.from(text)), encoded, text)
  t.end()
})
