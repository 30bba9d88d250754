import { InvalidArgumentError } from 'commander'
import { test } from 'tap'
import { addRole, id, serviceKeyName, time, wholeNumber } from '../../../src/cli/option-values.ts'

const number = wholeNumber(1, 250)

const taken: [text: string, read: (text: string) => unknown, value: unknown][] = [
  ['2026-01-31', time, new Date('2026-01-31T00:00:00Z')],
  ['2026-01-31T12:30Z', time, new Date('2026-01-31T12:30:00Z')],
  ['2026-01-31T12:30:15.5+02:00', time, new Date('2026-01-31T10:30:15.500Z')],
  ['11111111-1111-1111-1111-111111111111', id, '11111111-1111-1111-1111-111111111111'],
  ['01890a5d-ac96-774b-bcce-b302099a8057', id, '01890a5d-ac96-774b-bcce-b302099a8057'],
  ['1', number, 1],
  ['250', number, 250],
  ['editor', addRole, ['editor']],
  ['Nächtlich 2', serviceKeyName, 'Nächtlich 2'],
  ['🔑'.repeat(64), serviceKeyName, '🔑'.repeat(64)],
  ['a_b-9', (text) => addRole(text, ['admin']), ['admin', 'a_b-9']]
]
const refused: [text: string, read: (text: string) => unknown][] = [
  ['yesterday', time],
  ['2026', time],
  ['2026-13-01', time],
  ['2026-01-31T12:30', time],
  ['ada', id],
  ['0', number],
  ['251', number],
  ['-1', number],
  ['1e2', number],
  ['', number],
  ['Editor', addRole],
  ...['', ' a', 'a ', 'a\nb', 'a\u009bb', 'a\u202eb', 'a\u2028b', 'x'.repeat(65)].map(
    (text): [string, typeof serviceKeyName] => [text, serviceKeyName]
  ),
  ['', addRole],
  [`a${'b'.repeat(32)}`, addRole],
  ['editor', (text) => addRole(text, Array(16).fill('role'))]
]

test('the value of an option', async (t) => {
  for (const [text, read, value] of taken) t.strictSame(read(text), value, text)
  for (const [text, read] of refused) t.throws(() => read(text), InvalidArgumentError, encodeURI(text))
})
