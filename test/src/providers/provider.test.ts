import { test } from 'tap'
import { FederationRefusal } from '../../../src/providers/provider.ts'

test('a refusal says why, and nothing else', (t) => {
  const refusal = new FederationRefusal('wrong nonce')
  t.strictSame(
    [refusal.name, refusal.message, refusal.reason, refusal.cause],
    ['FederationRefusal', 'wrong nonce', 'wrong nonce', undefined]
  )
  t.end()
})
