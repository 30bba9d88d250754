import { test } from 'tap'
import { renderIdentities } from '../../../../src/pages/views/account-identities.ts'
import type { Identity } from '../../../../src/schemas/identities.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const PAGE = { ...pageContext(), now: Date.parse('2026-06-03T12:00:00Z') }
const providers = [{ id: 'test', label: 'Test' }]

const identity = (given: Partial<Identity>): Identity => ({
  id: '0198a3c2-7f00-7000-8000-000000000000',
  provider: 'test',
  email: 'ada@example.com',
  linked_at: '2026-05-01T12:00:00.000Z',
  last_used_at: null,
  ...given
})

test('an identity in words', async (t) => {
  const rows: [given: Partial<Identity>, text: string][] = [
    [{}, 'Test ada@example.com, Added 1 May 2026 Remove'],
    [{ email: null, last_used_at: '2026-06-01T12:00:00.000Z' }, 'Test Added 1 May 2026, last used 2 days ago Remove'],
    [{ provider: 'gone' }, 'gone ada@example.com, Added 1 May 2026 Remove']
  ]
  for (const [given, text] of rows) {
    const shown = renderIdentities(PAGE, { identities: [identity(given)], providers }).join('')
    t.equal(textOf(shown), `${text} Add Test`)
    t.match(shown, 'aria-label="Remove: ')
  }
  t.match(
    textOf(renderIdentities(PAGE, { identities: [], providers }).join('')),
    /^You sign in with no other provider yet\./
  )
})
