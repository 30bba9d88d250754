import { Type } from '@sinclair/typebox'
import { test } from 'tap'
import { createAccountPages } from '../../../plugins/pages/account-pages.ts'
import type { PageRoute, Visit } from '../../../plugins/pages/page-routes.ts'
import { Problem } from '../../../src/errors.ts'
import { OWN_PASSWORD, USERNAME } from '../../../src/pages/fields.ts'
import { pageContext, textOf } from '../../helpers/page.ts'

const PAGE = {
  path: '/username',
  body: Type.Object({ username: Type.String() }),
  form: () => ({
    action: 'pages/account/username',
    title: 'account.username.title',
    text: 'account.username.text',
    fields: [USERNAME, OWN_PASSWORD],
    button: 'account.username.button'
  }),
  act: async () => ({ goTo: 'pages/account' })
} as const

type Added = PageRoute<typeof PAGE.body>

/** The pages that are added to an application. */
function addTo(hosted: boolean): Added[] {
  const added: Added[] = []
  createAccountPages(hosted, (_scope, page) => void added.push(page as never))(undefined as never, PAGE as never)
  return added
}

const visit = (request: object) => ({ request, page: pageContext() }) as unknown as Visit
const ACCOUNT = { account: { username: null, email: 'ada@example.com' } }
const HIDDEN = '<input hidden type="text" autocomplete="username" value="ada@example.com" readonly>'

test('a form of the account knows its name', async (t) => {
  const [page] = addTo(true) as [Added]
  t.match(page, { path: '/username', body: PAGE.body, act: PAGE.act })
  t.match(String(((await page.show(visit(ACCOUNT))) as { content: unknown }).content), HIDDEN)
})

test('a refusal keeps what was typed, and works without a session', async (t) => {
  const [page] = addTo(true) as [Added]
  const problem = new Problem('INVALID_CREDENTIALS')
  const body = { username: 'ada.l', current_password: 'wrong' }
  const rows: [request: object, account: boolean, typed: boolean][] = [
    [{ ...ACCOUNT, body }, true, true],
    [{ body }, false, true],
    [{ body: undefined }, false, false]
  ]
  for (const [request, account, typed] of rows) {
    const { content } = (await page.refuse(visit(request), problem)) as { content: unknown }
    t.match(textOf(content), 'Current password The password is wrong.')
    t.strictSame([String(content).includes(HIDDEN), String(content).includes('value="ada.l"')], [account, typed])
    t.notMatch(String(content), 'value="wrong"')
  }
})

test('there is none where the pages are off', async (t) => {
  t.strictSame(addTo(false), [])
})
