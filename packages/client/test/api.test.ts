import { test } from 'tap'
import { createApi } from '../src/api.ts'
import { createBrowser, refuse, SERVICE } from './browser.ts'

test('calls routes with the token of the session', async (t) => {
  const browser = createBrowser()
  const { session } = browser.open()
  await session.signIn({ username: 'ada' }, 'a password')
  const api = createApi(session)
  const { data } = await api.GET('/secret')
  t.strictSame(data, { message: 'hello' })
  browser.scripted.push(() => refuse(400, 'PASSWORD_REJECTED'))
  const { error } = await api.POST('/password/change', { body: { current_password: 'x', new_password: 'y' } })
  t.equal(error?.code, 'PASSWORD_REJECTED')
  t.strictSame(
    browser.seen.slice(1).map(({ url, method, headers, body }) => [url, method, !!headers.authorization, body]),
    [
      [`${SERVICE}/secret`, 'GET', true, ''],
      [`${SERVICE}/password/change`, 'POST', true, { current_password: 'x', new_password: 'y' }]
    ]
  )
})
