import { test } from 'tap'
import { createLinkTo } from '../../../src/mail/links.ts'

test('a link leads to the frontend with the token in the fragment, or else to our own page with it in the query', (t) => {
  const PUBLIC_URL = 'https://auth.example.com'
  const links: [configuration: { APP_URL?: string; PUBLIC_URL: string }, link: string][] = [
    [{ PUBLIC_URL, APP_URL: 'https://app.example.com' }, 'https://app.example.com/email/verify#token=abc'],
    [
      { PUBLIC_URL, APP_URL: 'https://app.example.com/account' },
      'https://app.example.com/account/email/verify#token=abc'
    ],
    [{ PUBLIC_URL }, 'https://auth.example.com/pages/email/verify?token=abc'],
    [{ PUBLIC_URL: 'https://example.com/auth' }, 'https://example.com/auth/pages/email/verify?token=abc']
  ]
  for (const [configuration, link] of links) t.equal(createLinkTo(configuration)('/email/verify', 'abc'), link)
  t.end()
})
