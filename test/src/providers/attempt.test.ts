import { test } from 'tap'
import { attemptName, listAttempts, makeSecrets } from '../../../src/providers/attempt.ts'

test('the name of a cookie begins like its state, which is random', (t) => {
  const [one, other] = [makeSecrets(), makeSecrets()]
  t.equal(attemptName(one.state), `federation-${one.state.slice(0, 8)}`)
  t.equal(new Set([...Object.values(one), ...Object.values(other)]).size, 6)
  for (const state of [null, undefined, '', 'x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)};`]) {
    t.equal(attemptName(state), undefined)
  }
  t.end()
})

test('the attempts of a browser are found by their names', (t) => {
  const header = 'a=b; __Host-federation-aaaaaaaa=1;federation-bbbbbbbb=2; __Host-federation-pending=3; federation-c=4'
  t.strictSame(listAttempts(header, '__Host-'), [['federation-aaaaaaaa', '1']])
  t.strictSame(listAttempts(header, ''), [['federation-bbbbbbbb', '2']])
  t.strictSame(listAttempts(undefined, ''), [])
  // An expression that skips white space would take many seconds: all other requests would wait for it.
  const blank = ' '.repeat(100_000)
  const odd = `a; ${blank}x;${blank}federation-aaaaaaaa=${blank}1${blank}; federation-bbbbbbbb;=federation-cccccccc`
  t.strictSame(listAttempts(odd, ''), [['federation-aaaaaaaa', '1']])
  t.end()
})
