import { test } from 'tap'
import type { Database } from '../../../../src/database/database.ts'
import { defineLetter } from '../../../../src/mail/letters/letter.ts'

const MAIL = { recipient: 'ada@example.com', user_id: null, data: {} }
const database = {} as Database

test('the templates of a letter have the name of its kind', async (t) => {
  const letter = defineLetter({
    kind: 'good news',
    variables: ['name'],
    compose: async ({ recipient }) => ({ recipient, locale: null, variables: { name: 'ada' } })
  })
  t.equal(letter.template, 'good-news')
  t.strictSame(await letter.compose(MAIL, database), {
    template: 'good-news',
    recipient: 'ada@example.com',
    locale: null,
    variables: { name: 'ada' }
  })
})

test('a letter may be pointless, or say what another letter says', async (t) => {
  const pointless = defineLetter({ kind: 'no news', variables: [], compose: async () => undefined })
  t.equal(await pointless.compose(MAIL, database), undefined)
  const content = { template: 'good-news', recipient: 'ada@example.com', locale: null, variables: {} }
  const other = defineLetter({ kind: 'bad news', variables: [], compose: async () => content })
  t.strictSame(await other.compose(MAIL, database), content)
})
