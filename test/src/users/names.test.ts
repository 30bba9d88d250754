import { test } from 'tap'
import type { Names } from '../../../src/schemas/users.ts'
import { trimNames } from '../../../src/users/names.ts'

test('white space at the ends of names is removed', async (t) => {
  const cases: [typed: Names, taken: Names][] = [
    [{ username: ' \tada\u00a0' }, { username: 'ada' }],
    [{ email: '\ufeffada@example.com\r\n' }, { email: 'ada@example.com' }],
    [{ username: 'ada lovelace' }, { username: 'ada lovelace' }],
    [{ username: ' \u3000 ' }, { username: '' }],
    [{}, {}]
  ]
  for (const [typed, taken] of cases) t.strictSame(trimNames(typed), taken)
})
