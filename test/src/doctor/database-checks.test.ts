import { test } from 'tap'
import { type Config, readConfig } from '../../../src/config/config.ts'
import { checkPermissions } from '../../../src/doctor/checks.ts'
import {
  checkFactorMail,
  checkKeyAge,
  checkSchema,
  checkSearchPath,
  checkServer,
  type ServerFacts
} from '../../../src/doctor/database-checks.ts'
import type { Finding } from '../../../src/doctor/finding.ts'

const configured = (environment: Record<string, string>): Config => readConfig(environment)

/** Findings in short: what they are about and how it is. */
const brief = (findings: Finding[]) => findings.map(({ about, state }) => `${about} ${state}`)

test('a server', (t) => {
  const settings = { encoding: 'UTF8', dateStyle: 'ISO, MDY', isolation: 'read committed', timeouts: {} }
  const facts = { version: 150_004, clockAhead: 0, connections: { most: 97, taken: 0 }, readOnly: false, settings }
  const table: [facts: Partial<ServerFacts>, others: string[]][] = [
    [{}, []],
    [{ version: 139_999 }, ['server bad']],
    [{ version: 140_000, readOnly: true }, ['server bad']],
    [{ clockAhead: 999 }, []],
    [{ clockAhead: -1000 }, ['clock warning']],
    [{ clockAhead: 5000 }, ['clock bad']],
    [{ connections: { most: 97, taken: 77 } }, []],
    [{ connections: { most: 97, taken: 78 } }, ['DATABASE_POOL warning']],
    [{ connections: { most: 97, taken: 88 } }, ['DATABASE_POOL bad']],
    [{ settings: { ...settings, encoding: 'SQL_ASCII' } }, ['encoding bad']],
    [{ settings: { ...settings, dateStyle: 'SQL, DMY' } }, ['DateStyle bad']],
    [{ settings: { ...settings, isolation: 'repeatable read' } }, ['default_transaction_isolation warning']],
    [
      { settings: { ...settings, timeouts: { statement_timeout: 4999, lock_timeout: 1 } } },
      ['statement_timeout warning', 'lock_timeout warning']
    ]
  ]
  for (const [change, others] of table) {
    const found = brief(checkServer({ ...facts, ...change }, configured({})))
    t.strictSame(
      found.filter((finding) => !finding.endsWith(' good')),
      others,
      JSON.stringify(change)
    )
  }
  t.strictSame(brief(checkServer(facts, configured({}))), [
    'server good',
    'settings good',
    'clock good',
    'DATABASE_POOL good'
  ])
  t.end()
})

test('a clock that is far off spoils the codes of authenticator apps', (t) => {
  const settings = { encoding: 'UTF8', dateStyle: 'ISO, MDY', isolation: 'read committed', timeouts: {} }
  const clockOf = (clockAhead: number) => {
    const facts = { version: 150_004, clockAhead, connections: { most: 97, taken: 0 }, readOnly: false, settings }
    return checkServer(facts, configured({})).find(({ about }) => about === 'clock')
  }
  t.match(clockOf(9_999), { state: 'bad', message: '9999 ms ahead of this machine' })
  const message = '10000 ms behind this machine: codes of authenticator apps may be refused'
  t.match(clockOf(-10_000), { state: 'bad', message })
  t.end()
})

test('factors in use without mail are a warning', (t) => {
  const server = { SECRET_KEY: 'x'.repeat(32), DATABASE_URL: 'postgres://127.0.0.1/latchkey' }
  const mail = { SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'a@example.com' }
  t.strictSame(checkFactorMail(0, configured(server)), [])
  t.strictSame(checkFactorMail(1, configured({ ...server, ...mail })), [])
  t.strictSame(checkFactorMail(1, configured({})), [], 'shown at /dev/mail')
  const message = 'not set, and 1 account with second factors or passkeys: no owner learns of a change'
  t.match(checkFactorMail(1, configured(server)), [{ about: 'SMTP_URL', state: 'warning', message }])
  t.match(checkFactorMail(2, configured({ PUBLIC_URL: 'https://example.com' })), [{ message: /2 accounts/ }])
  t.end()
})

test('the schema, the signing key and permissions', (t) => {
  t.strictSame(brief([checkSchema({ applied: 2, newest: 2 })]), ['schema good'])
  t.strictSame(brief([checkKeyAge(undefined), checkKeyAge(90)]), ['signing key good', 'signing key good'])
  t.equal(checkPermissions('secret.key', 0o100600).message, 'accessible only to its owner (0600)')
  for (const mode of [0o640, 0o620, 0o610, 0o604, 0o602, 0o601]) t.equal(checkPermissions('x', mode).state, 'bad')
  t.equal(checkPermissions('secret.key', 0o100644).fix, 'chmod go= secret.key')
  t.end()
})

test('a search_path that does not lead to our tables is bad', (t) => {
  t.strictSame(checkSearchPath({ path: 'public', schema: 'public', elsewhere: null }), [])
  t.match(checkSearchPath({ path: '', schema: null, elsewhere: null }), [
    { about: 'search_path', state: 'bad', message: "'' contains no schema that the role may use" }
  ])
  t.match(checkSearchPath({ path: 'other', schema: 'other', elsewhere: 'public' }), [
    { about: 'search_path', state: 'bad', message: /in the schema public$/, fix: /^set it to public/ }
  ])
  t.end()
})
