import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { serviceOf } from '../../../src/config/service.ts'

test('the service has the name of the mail sender or its host, and the URL of the application', (t) => {
  const PUBLIC_URL = 'https://auth.example.com'
  const MAIL_FROM = 'Example <no-reply@example.com>'
  const rows: [environment: Record<string, string>, name: string, url: string | undefined][] = [
    [{ PUBLIC_URL }, 'auth.example.com', undefined],
    [{ PUBLIC_URL, MAIL_FROM }, 'Example', undefined],
    [{ PUBLIC_URL, MAIL_FROM, SERVICE_NAME: 'Accounts' }, 'Accounts', undefined],
    [{ PUBLIC_URL, APP_URL: 'https://app.example.com/' }, 'app.example.com', 'https://app.example.com'],
    [{ PUBLIC_URL, SERVICE_URL: 'https://www.example.com/start' }, 'www.example.com', 'https://www.example.com/start'],
    [
      { PUBLIC_URL, MAIL_FROM, APP_URL: 'https://app.example.com', SERVICE_URL: 'https://www.example.com' },
      'Example',
      'https://www.example.com'
    ]
  ]
  for (const [environment, name, url] of rows) t.strictSame(serviceOf(readConfig(environment)), { name, url })
  t.end()
})
