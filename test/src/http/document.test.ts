import { createHash } from 'node:crypto'
import { test } from 'tap'
import { createDocument, isUnmodified } from '../../../src/http/document.ts'

test('a document has the bytes of its content, and a strong tag of them', async (t) => {
  const hash = createHash('sha256').update('é').digest('base64url')
  for (const content of ['é', Buffer.from('é')]) {
    t.strictSame(createDocument('text/plain', content), {
      body: Buffer.from('é'),
      type: 'text/plain',
      etag: `"${hash}"`
    })
  }
})

test('who has the document is told by If-None-Match', async (t) => {
  const cases: [header: string | undefined, isUnmodified: boolean][] = [
    [undefined, false],
    ['', false],
    ['"abc"', true],
    ['W/"abc"', true],
    ['w/"abc"', true],
    ['"ABC"', false],
    ['abc', false],
    ['"abc', false],
    ['"ab"', false],
    ['"x", "abc"', true],
    ['"x","y"', false],
    ['"x",, W/"abc" , "y"', true],
    ['"x,y", "abc"', true],
    ['"x, \\"abc\\""', false],
    ['*', true],
    [' * ', true],
    ['"*"', false],
    ['"x", *', false],
    [`${'"x", '.repeat(3_000)}"abc"`, true],
    ['"'.repeat(16_000), false]
  ]
  for (const [header, expected] of cases) {
    await t.test(`${header?.slice(0, 30)}`, async (t) => t.equal(isUnmodified(header, '"abc"'), expected))
  }
})
