import { test } from 'tap'
import { wholeNumber } from '../src/whole-number.ts'

test('a whole number of an option', (t) => {
  t.strictSame(['1', '07', '100'].map(wholeNumber(1, 100)), [1, 7, 100])
  for (const text of ['', '0', '101', '-1', '1.5', '1e1', ' 1', '1'.repeat(16)]) {
    t.throws(() => wholeNumber(1, 100)(text), { message: 'It must be a whole number from 1 to 100.' }, text)
  }
  t.end()
})
