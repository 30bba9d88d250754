import { test } from 'tap'
import { hasUnambiguousCredentials, withoutCredentials } from '../../../src/config/database-url.ts'
import { run } from '../../helpers/command.ts'

test('the location of a database has no user and no password', (t) => {
  const table = [
    ['postgres://ada:the-secret-password@db.example.com:6432/latchkey', 'db.example.com:6432/latchkey'],
    ['postgresql://ada:the-secret-password@[::1]/latchkey?password=the-secret-password', '[::1]/latchkey'],
    ['postgres://db.example.com', 'db.example.com'],
    ['postgres:///latchkey?host=/run/postgresql', '/run/postgresql/latchkey'],
    ['postgres://ada:the-secret-p@ssword@db.example.com/latchkey', 'db.example.com/latchkey']
  ] as const
  for (const [url, expected] of table) t.equal(withoutCredentials(url), expected)
  t.end()
})

test('credentials are parsed as such, or the URL is refused', (t) => {
  const table = [
    ['postgres://ada:p%2Fss@localhost/latchkey', true],
    ['postgres://ada:p@ss@localhost/latchkey', true],
    ['postgres://localhost/latchkey?application_name=a', true],
    ['postgres://ada:12/ss@localhost/latchkey', false],
    ['postgres://ada:12?ss@localhost/latchkey', false],
    ['postgres://ada:12#ss@localhost/latchkey', false],
    ['postgres://ada:p@12/ss@localhost/latchkey', false],
    ['postgres:ada:12@localhost/latchkey', false],
    ['postgres://ada:p\tss@localhost/latchkey', false],
    ['postgres://ada:p\nss@localhost/latchkey', false]
  ] as const
  for (const [url, expected] of table) t.equal(hasUnambiguousCredentials(url), expected, url)
  t.end()
})

test('no part of a password is shown, wherever it stands in the URL', async (t) => {
  const SECRET_KEY = 'q8Zr3Yw1xT5vB7nM2kL9pQ4sD6fG0hJc'
  const passwords = ['hunter/2', '12/hunter', '12?hunter', '12#hunter', '12/h@hunter', '/hunter', '12/hun\\ter']
  const settings = {
    DATABASE_URL: (password: string) => `postgres://ada:${password}@127.0.0.1:1/latchkey`,
    SMTP_URL: (password: string) => `smtp://ada:${password}@127.0.0.1:1`,
    OTEL_EXPORTER_OTLP_ENDPOINT: (password: string) => `http://ada:${password}@127.0.0.1:1`
  }
  for (const [name, urlOf] of Object.entries(settings)) {
    for (const password of passwords) {
      const variables = { SECRET_KEY, MAIL_FROM: 'a@example.com', [name]: urlOf(password) }
      const { stdout, stderr } = await run(['doctor'], { variables })
      t.match(stdout, `${name} must be`)
      t.notMatch(stdout + stderr, /hun|ada/, `${name} with ${password}`)
    }
  }
})
