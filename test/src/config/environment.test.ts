import { test } from 'tap'
import { Environment, SECRETS, SETTINGS, VARIABLES } from '../../../src/config/environment.ts'

test('each setting has a name in capitals, and says what its value must be', (t) => {
  t.strictSame(SETTINGS, Object.keys(Environment.properties))
  for (const [name, schema] of Object.entries(Environment.properties)) {
    t.match(name, /^[A-Z]+(?:_[A-Z]+)*$/)
    t.type((schema as { fix?: unknown }).fix, 'string', name)
  }
  t.end()
})

test('secrets are the keys, and the URLs that may contain a password', (t) => {
  t.strictSame(SECRETS, [
    'DATABASE_URL',
    'SECRET_KEY',
    'SECRET_KEY_PREVIOUS',
    'SMTP_URL',
    'INTROSPECTION_KEY',
    'METRICS_KEY',
    'OTEL_EXPORTER_OTLP_ENDPOINT'
  ])
  t.strictSame(VARIABLES, [...SETTINGS, ...SECRETS.map((name) => `${name}_FILE`)])
  t.end()
})

test('a setting is optional or has a default', (t) => {
  const required = new Set<string>(Environment.required)
  for (const [name, schema] of Object.entries(Environment.properties)) {
    t.equal(required.has(name), 'default' in schema, name)
  }
  t.end()
})

test('settings that depend on others', (t) => {
  t.strictSame(Environment.dependencies, { DATABASE_URL: ['SECRET_KEY'], SMTP_URL: ['MAIL_FROM'] })
  t.end()
})
