import { test } from 'tap'
import { renderEndOthers, renderSessions, sessionsView } from '../../../../src/pages/views/account-sessions.ts'
import type { Session } from '../../../../src/schemas/sessions.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const NOW = Date.parse('2026-06-03T12:00:00Z')
const PAGE = { ...pageContext(), now: NOW }

const session = (given: Partial<Session>): Session => ({
  id: '0198a3c2-7f00-7000-8000-000000000000',
  created_at: '2026-05-01T12:00:00.000Z',
  last_used_at: '2026-06-01T12:00:00.000Z',
  expires_at: '2026-07-01T12:00:00.000Z',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  ip: '198.51.100.7',
  current: false,
  ...given
})

test('a session in words', async (t) => {
  const when = 'signed in 1 May 2026, last used 2 days ago'
  const rows: [given: Partial<Session>, text: string][] = [
    [{}, `Firefox on Linux 198.51.100.7, ${when} Sign out`],
    [{ current: true }, `Firefox on Linux this one 198.51.100.7, ${when}`],
    [{ user_agent: 'curl/8.14.1' }, `curl 198.51.100.7, ${when} Sign out`],
    [{ user_agent: 'Mozilla/5.0 (iPhone)' }, `iPhone 198.51.100.7, ${when} Sign out`],
    [{ user_agent: null }, `Unknown device 198.51.100.7, ${when} Sign out`],
    [{ user_agent: '<b>', ip: null }, 'Unknown device Signed in 1 May 2026, last used 2 days ago Sign out'],
    [
      { last_used_at: '2026-06-03T11:59:59.000Z' },
      'Firefox on Linux 198.51.100.7, signed in 1 May 2026, last used now Sign out'
    ]
  ]
  for (const [given, text] of rows) t.equal(textOf(renderSessions(PAGE, [session(given)]).join('')), text)
})

test('the button of each session has a name of its own', async (t) => {
  const sessions = [session({}), session({ ip: '192.0.2.1' })]
  const names = renderSessions(PAGE, sessions).map((row) => /<button[^>]* aria-label="([^"]*)"/.exec(String(row))?.[1])
  t.match(names, [/^[^:]+: Firefox on Linux, 198\.51\.100\.7, /, /^[^:]+: Firefox on Linux, 192\.0\.2\.1, /])
})

test('a button ends the others, if there are any', async (t) => {
  t.equal(renderEndOthers(PAGE, [session({ current: true })]), false)
  t.equal(
    String(renderEndOthers(PAGE, [session({ current: true }), session({})])).replaceAll(/\n+/g, ''),
    '<form method="post" action="../pages/account/sessions"><button class="danger">Sign out everywhere else</button></form>'
  )
})

test('the page with all sessions', async (t) => {
  const { content, links, ...view } = sessionsView(PAGE, [session({ current: true })], 'Done.')
  t.strictSame(view, { title: 'Where you are signed in', wide: true })
  t.match(textOf(content), /^Where you are signed in Done\. Firefox on Linux this one/)
  t.strictSame(links?.map(textOf), ['Back to your account'])
  t.notMatch(textOf(sessionsView(PAGE, [], undefined).content), 'Done.')
})
