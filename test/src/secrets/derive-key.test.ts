import { createHmac } from 'node:crypto'
import { test } from 'tap'
import { deriveKey } from '../../../src/secrets/derive-key.ts'

test('a derived key is what RFC 5869 says', (t) => {
  const sha256 = (key: Buffer, ...data: (string | Buffer)[]) =>
    createHmac('sha256', key)
      .update(Buffer.concat(data.map((part) => Buffer.from(part as string))))
      .digest()
  const extracted = sha256(Buffer.alloc(32), 'the secret')
  t.strictSame(deriveKey('the secret', 'wrapping'), sha256(extracted, 'latchkey wrapping', Buffer.from([1])))
  t.end()
})

test('no two purposes and no two secrets have the same key', (t) => {
  const keys = [deriveKey('one', 'a'), deriveKey('one', 'b'), deriveKey('two', 'a')].map((key) => key.toString('hex'))
  t.equal(new Set(keys).size, 3)
  t.equal(deriveKey('one', 'a').toString('hex'), keys[0])
  t.end()
})
