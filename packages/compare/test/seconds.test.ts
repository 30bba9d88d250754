import { test } from 'tap'
import { seconds } from '../src/seconds.ts'

test('seconds of an option', (t) => {
  t.strictSame(['0.05', '4', '600'].map(seconds), [0.05, 4, 600])
  for (const text of ['', '0', '0.04', '601', '-1', '1e2', '1s', 'Infinity']) {
    t.throws(() => seconds(text), { message: 'It must be a number from 0.05 to 600.' }, text)
  }
  t.end()
})
