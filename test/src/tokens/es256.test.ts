import { test } from 'tap'
import { hasLowS, withLowS } from '../../../src/tokens/es256.ts'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const HALF = ORDER / 2n

/** A token with the signature (1, s). */
function signed(s: bigint): string {
  const halves = [1n, s].map((half) => half.toString(16).padStart(64, '0')).join('')
  return `head.payload.${Buffer.from(halves, 'hex').toString('base64url')}`
}

test('a token has the signature with the lower s, of the two that verify', async (t) => {
  const cases: [what: string, s: bigint, low: bigint][] = [
    ['the lowest', 1n, 1n],
    ['the highest', ORDER - 1n, 1n],
    ['half the order', HALF, HALF],
    ['one more', HALF + 1n, HALF],
    ['one more yet', HALF + 2n, HALF - 1n]
  ]
  for (const [what, s, low] of cases) {
    await t.test(what, async (t) => {
      t.equal(hasLowS(signed(s)), s === low)
      t.equal(withLowS(signed(s)), signed(low))
      t.equal(signed(s).length, 'head.payload.'.length + 86)
    })
  }
})

test('a malformed signature is left to the verifier', async (t) => {
  for (const text of ['', 'x', 'a.b.', 'a.b.c', 'a.b.!']) {
    t.ok(hasLowS(text))
    t.equal(withLowS(text), text)
  }
})
