import { test } from 'tap'
import { welcome } from '../../../src/cli/welcome.ts'
import { readConfig } from '../../../src/config/config.ts'

const URL = 'http://127.0.0.1:3000'
const SERVER = { DATABASE_URL: 'postgres://ada:hush@db.example.com/latchkey', SECRET_KEY: 'x'.repeat(32) }
const MAIL = { SMTP_URL: 'smtps://ada:hush@smtp.example.com', MAIL_FROM: 'no-reply@example.com' }

test('a person is told in three lines where everything is, and no password', (t) => {
  const start = `\n  Latchkey listens at ${URL} (Ctrl+C stops it). API reference: ${URL}/docs\n`
  const cases: [environment: Record<string, string>, mailUrl: string | undefined, lines: string][] = [
    [{}, `${URL}/dev/mail`, `  Database: embedded in ./data\n  Mail: not sent, but shown at ${URL}/dev/mail\n`],
    [SERVER, undefined, '  Database: db.example.com/latchkey\n  Mail: not sent: SMTP_URL is not set\n'],
    [{ ...SERVER, ...MAIL }, undefined, '  Database: db.example.com/latchkey\n  Mail: sent by smtp.example.com\n']
  ]
  for (const [environment, mailUrl, lines] of cases) {
    t.equal(welcome(readConfig(environment), URL, mailUrl), `${start}${lines}`)
  }
  t.end()
})
