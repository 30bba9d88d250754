import { symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { rootCertificates } from 'node:tls'
import { test } from 'tap'
import { ConfigurationError, readConfig } from '../../../src/config/config.ts'

const SECRET = 'x'.repeat(32)

const DEFAULTS = {
  PAGES: 'on',
  PROVIDERS: [],
  DATABASE_POOL: 10,
  DATA_DIR: './data',
  KEY_MAX_AGE: 90,
  PORT: 3000,
  HOST: '127.0.0.1',
  PUBLIC_URL: 'http://127.0.0.1:3000',
  AUDIENCE: 'http://127.0.0.1:3000',
  ACCESS_TOKEN_TTL: 900,
  REFRESH_IDLE_TTL: 2592000,
  REFRESH_MAX_TTL: 15552000,
  REFRESH_GRACE: 10,
  BCRYPT_COST: 12,
  PASSWORD_MIN: 8,
  HASH_CONCURRENCY: availableParallelism(),
  HASH_QUEUE: 64,
  RESERVED_USERNAMES: [
    'admin',
    'administrator',
    'root',
    'system',
    'security',
    'support',
    'help',
    'info',
    'api',
    'postmaster',
    'hostmaster',
    'webmaster',
    'abuse',
    'noreply',
    'no-reply'
  ],
  CORS_ORIGINS: [],
  TRUSTED_PROXIES: [],
  PASSKEY_ORIGINS: [],
  STEP_UP_MAX_AGE: 600,
  SMTP_CONNECTIONS: 20,
  MAIL_FROM: { name: '', address: 'no-reply@[127.0.0.1]' },
  REQUIRE_VERIFIED_EMAIL: 'off',
  HIDE_ACCOUNTS: 'off',
  LIMITS: 'on',
  ADMIN: 'on',
  ADMIN_MFA: 'off',
  LOG_LEVEL: 'info',
  OTEL_SERVICE_NAME: 'latchkey'
}

test('an empty environment gives the defaults', (t) => {
  t.strictSame(readConfig({}), DEFAULTS)
  t.end()
})

test('RESERVED_USERNAMES=none reserves no username', (t) => {
  t.strictSame(readConfig({ RESERVED_USERNAMES: 'none' }), { ...DEFAULTS, RESERVED_USERNAMES: [] })
  t.end()
})

test('blank values count as not set', (t) => {
  t.strictSame(readConfig({ PORT: '', SECRET_KEY: ' ', DATABASE_URL: undefined, LIMITS: '\t' }), DEFAULTS)
  t.end()
})

test('other variables of the environment are ignored', (t) => {
  t.strictSame(readConfig({ HOME: '/root', AWS_SECRET_ACCESS_KEY: 'hunter2' }), DEFAULTS)
  t.end()
})

test('the environment of the process is the default', (t) => {
  t.intercept(process, 'env', { value: { PASSWORD_MIN: '9' } })
  t.strictSame(readConfig(), { ...DEFAULTS, PASSWORD_MIN: 9 })
  t.end()
})

test('every setting is parsed from text', (t) => {
  const ca = `${t.testdir({ 'ca.pem': String(rootCertificates[0]) })}/ca.pem`
  const settings = {
    DATABASE_URL: 'postgresql://ada:p%40ss@db.example.com:6432/auth?application_name=latchkey',
    DATABASE_CA: ca,
    DATABASE_SCHEMA: 'auth',
    DATA_DIR: '/var/lib/latchkey',
    SECRET_KEY: SECRET,
    SECRET_KEY_PREVIOUS: 'é'.repeat(16),
    HOST: 'auth.example.com',
    PUBLIC_URL: 'https://auth.example.com/base',
    AUDIENCE: 'the api',
    SMTP_URL: 'smtps://ad%40a:p%3Aw@smtp.example.com:465',
    MAIL_TEMPLATES: dirname(ca),
    APP_URL: 'https://app.example.com/account',
    REQUIRE_VERIFIED_EMAIL: 'on',
    HIDE_ACCOUNTS: 'on',
    LIMITS: 'off',
    ADMIN: 'off',
    ADMIN_MFA: 'on',
    LOG_LEVEL: 'silent',
    INTROSPECTION_KEY: SECRET,
    METRICS_KEY: SECRET,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com:4318/path',
    OTEL_SERVICE_NAME: 'login',
    PASSKEY_RP_ID: 'example.com',
    SERVICE_NAME: 'Ada & Söhne'
  }
  const numbers = {
    DATABASE_POOL: 1000,
    KEY_MAX_AGE: 0,
    PORT: 65535,
    ACCESS_TOKEN_TTL: 1,
    REFRESH_IDLE_TTL: 2,
    REFRESH_MAX_TTL: 3,
    REFRESH_GRACE: 0,
    BCRYPT_COST: 15,
    PASSWORD_MIN: 64,
    HASH_CONCURRENCY: 1024,
    HASH_QUEUE: 0,
    STEP_UP_MAX_AGE: 86400,
    SMTP_CONNECTIONS: 100
  }
  const environment = {
    ...settings,
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, `${value}`])),
    MAIL_FROM: 'The Example <no-reply@example.com>',
    RESERVED_USERNAMES: 'Example, example.staff,',
    CORS_ORIGINS: 'https://app.example.com, http://localhost:5173 ,',
    PASSKEY_ORIGINS:
      'https://app.example.com, http://localhost:5173,android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck',
    TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::/32, ::1'
  }
  t.strictSame(readConfig(environment), {
    ...settings,
    PAGES: 'off',
    PROVIDERS: [],
    ...numbers,
    MAIL_FROM: { name: 'The Example', address: 'no-reply@example.com' },
    RESERVED_USERNAMES: ['example', 'example.staff'],
    CORS_ORIGINS: ['https://app.example.com', 'http://localhost:5173'],
    PASSKEY_ORIGINS: [
      'https://app.example.com',
      'http://localhost:5173',
      'android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck'
    ],
    TRUSTED_PROXIES: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1']
  })
  t.end()
})

test('the public URL is made of host and port, and the audience is the public URL', (t) => {
  const derived: [Record<string, string>, string, string][] = [
    [{ HOST: '0.0.0.0', PORT: '8080' }, 'http://0.0.0.0:8080', 'http://0.0.0.0:8080'],
    [{ HOST: '::1' }, 'http://[::1]:3000', 'http://[::1]:3000'],
    [{ PUBLIC_URL: 'https://auth.example.com' }, 'https://auth.example.com', 'https://auth.example.com'],
    [{ AUDIENCE: 'api' }, 'http://127.0.0.1:3000', 'api'],
    [{ HOST: 'LOCALHOST', PORT: '80' }, 'http://localhost', 'http://localhost']
  ]
  for (const [environment, publicUrl, audience] of derived) {
    const { PUBLIC_URL, AUDIENCE } = readConfig(environment)
    t.strictSame([PUBLIC_URL, AUDIENCE], [publicUrl, audience])
  }
  t.end()
})

test('URLs are normalized', (t) => {
  const written: [text: string, normal: string][] = [
    ['https://auth.example.com', 'https://auth.example.com'],
    ['https://auth.example.com/', 'https://auth.example.com'],
    ['https://auth.example.com///', 'https://auth.example.com'],
    ['HTTPS://Auth.Example.COM:443/', 'https://auth.example.com'],
    ['https://auth.example.com:8443/', 'https://auth.example.com:8443'],
    ['http://localhost:80', 'http://localhost'],
    ['http://[0:0:0:0:0:0:0:1]:3000/', 'http://[::1]:3000'],
    ['https://auth.example.com/Base/', 'https://auth.example.com/Base'],
    ['https://auth.example.com/a/./b/../c//', 'https://auth.example.com/a/c'],
    ['https://grüße.example', 'https://xn--gre-6ka8l.example']
  ]
  for (const [text, normal] of written) {
    const config = readConfig({ PUBLIC_URL: text, APP_URL: text, SERVICE_URL: text })
    const { PUBLIC_URL, AUDIENCE, APP_URL, SERVICE_URL } = config
    t.strictSame([PUBLIC_URL, AUDIENCE, APP_URL, SERVICE_URL], [normal, normal, normal, normal], text)
  }
  t.equal(
    readConfig({ AUDIENCE: 'https://API.example.com/' }).AUDIENCE,
    'https://API.example.com/',
    'which is any text'
  )
  t.end()
})

test('the sender is MAIL_FROM, with or without a name, or else of the host of the public URL', (t) => {
  const senders: [Record<string, string>, name: string, address: string][] = [
    [{ MAIL_FROM: 'a@example.com' }, '', 'a@example.com'],
    [{ MAIL_FROM: 'Grüße & Co. <a@example.com>' }, 'Grüße & Co.', 'a@example.com'],
    [{ PUBLIC_URL: 'https://auth.example.com/base' }, '', 'no-reply@auth.example.com'],
    [{ HOST: '::1' }, '', 'no-reply@[IPv6:::1]']
  ]
  for (const [environment, name, address] of senders) {
    t.strictSame(readConfig(environment).MAIL_FROM, { name, address })
  }
  t.end()
})

test('a mail server needs a sender', (t) => {
  t.strictSame(faultsOf({ SMTP_URL: 'smtp://localhost' }), [fault('MAIL_FROM')])
  t.end()
})

const FIXES: Record<string, string> = {
  DATABASE_URL:
    'a URL such as postgres://user:password@host:5432/database: percent-encode the password in DATABASE_URL (%2F for /, %3F for ?, %23 for #, %25 for %)',
  DATABASE_POOL: 'a whole number from 1 to 1000',
  DATABASE_CA: 'the path of a readable file with a certificate in PEM',
  DATABASE_SCHEMA: 'the name of a schema: lower-case letters, digits and _, such as auth',
  SECRET_KEY: 'text of 32 bytes or more, for example the output of: openssl rand -base64 32',
  SECRET_KEY_PREVIOUS: 'the SECRET_KEY used before, text of 32 bytes or more',
  KEY_MAX_AGE: 'days, a whole number from 0 to 3650, and 0 for never',
  PORT: 'a port from 1 to 65535',
  HOST: 'an IP address or a host name',
  PUBLIC_URL: 'an http(s) URL without credentials, query or fragment',
  ACCESS_TOKEN_TTL: 'seconds, a whole number from 1 to 315360000',
  REFRESH_IDLE_TTL: 'seconds, a whole number from 1 to 315360000',
  REFRESH_MAX_TTL: 'seconds, a whole number from 1 to 315360000',
  REFRESH_GRACE: 'seconds, a whole number from 0 to 300',
  BCRYPT_COST: 'a whole number from 10 to 15',
  PASSWORD_MIN: 'a whole number from 8 to 64',
  HASH_CONCURRENCY: 'a whole number from 1 to 1024',
  HASH_QUEUE: 'a whole number from 0 to 100000',
  RESERVED_USERNAMES: 'comma-separated usernames, or none',
  CORS_ORIGINS: 'comma-separated origins such as https://app.example.com, without a path',
  TRUSTED_PROXIES: 'comma-separated addresses or CIDRs such as 10.0.0.0/8',
  REQUIRE_VERIFIED_EMAIL: 'on or off',
  HIDE_ACCOUNTS: 'on or off',
  PASSKEY_RP_ID: 'a domain in lower case such as example.com, and no address',
  PASSKEY_ORIGINS: 'comma-separated origins such as https://app.example.com, without a path, or android:apk-key-hash:…',
  STEP_UP_MAX_AGE: 'seconds, a whole number from 60 to 86400',
  SERVICE_NAME: 'text of at most 64 characters, without control characters',
  SMTP_URL:
    'a URL such as smtp://user:password@host:587 or smtps://user:password@host: percent-encode the password in SMTP_URL',
  MAIL_FROM: 'one address, such as no-reply@example.com or Example <no-reply@example.com>',
  MAIL_TEMPLATES: 'the path of a readable folder',
  APP_URL: 'an http(s) URL without credentials, query or fragment',
  LIMITS: 'on or off',
  ADMIN: 'on or off',
  ADMIN_MFA: 'on or off',
  LOG_LEVEL: 'fatal, error, warn, info, debug, trace or silent',
  INTROSPECTION_KEY: 'text of 32 bytes or more, of ASCII without spaces around it',
  METRICS_KEY: 'text of 32 bytes or more, of ASCII without spaces around it',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'an http(s) URL such as http://127.0.0.1:4318'
}

/** The faults of a configuration, one a line. */
function faultsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const [title, ...faults] = error.message.split('\n')
    return title === 'The configuration is invalid:' ? faults : [error.message]
  }
}

const fault = (name: string) => `  - ${name} must be ${FIXES[name]}`

/** Unencoded passwords that truncate a URL. Some leave a valid host and port. */
const ODD_PASSWORDS = [
  'hunter/2',
  'hunter?2',
  'hunter#2',
  '12/hunter2',
  '12?hunter2',
  '12#hunter2',
  '/',
  '12/h@nter2',
  'a@12/b',
  '1\t2#'
]

const unfit: Record<string, string[]> = {
  DATABASE_URL: [
    'localhost',
    'mysql://localhost/auth',
    'postgres://ada:p%zz@localhost/auth',
    ...ODD_PASSWORDS.map((password) => `postgres://ada:${password}@localhost/auth`),
    'postgres:ada:hunter2@localhost/auth',
    'postgres:///ada:hunter2@localhost/auth',
    'postgres://localhost/auth#hunter2'
  ],
  DATABASE_POOL: ['0', '1001', '1.5', 'many', 'Infinity', '1e400'],
  DATABASE_CA: ['/no/such/file.pem', '/', '/dev/null', 'package.json'],
  DATABASE_SCHEMA: ['Auth', 'pg_auth', 'information_schema', '1st', 'auth, public', 'x'.repeat(64)],
  SECRET_KEY: ['x'.repeat(31), 'é'.repeat(15)],
  SECRET_KEY_PREVIOUS: ['x'.repeat(31)],
  KEY_MAX_AGE: ['-1', '3651', '1.5', 'never', 'Infinity'],
  PORT: ['0', '65536', '-1', '3000.5', 'http', 'Infinity'],
  HOST: ['http://localhost', 'a host', '-host', '256.1.1.1', 'fe80::1%eth0', 'x'.repeat(254)],
  PUBLIC_URL: [
    'auth.example.com',
    'ftp://auth.example.com',
    'https://ada@auth.example.com',
    'https://:pass@auth.example.com',
    'https://auth.example.com/?query',
    'https://auth.example.com/?',
    'https://auth.example.com/#fragment',
    'https://auth.example.com/#',
    'https://auth.example.com\r',
    ' https://auth.example.com'
  ],
  ACCESS_TOKEN_TTL: ['0', '-1', '15m', '315360001', 'Infinity'],
  REFRESH_IDLE_TTL: ['0', '1.5', 'Infinity'],
  REFRESH_MAX_TTL: ['0', 'forever', 'Infinity'],
  REFRESH_GRACE: ['-1', '301', 'Infinity'],
  BCRYPT_COST: ['9', '16'],
  PASSWORD_MIN: ['7', '65'],
  HASH_CONCURRENCY: ['0', '1025'],
  HASH_QUEUE: ['-1', '100001', 'Infinity'],
  RESERVED_USERNAMES: ['a b', 'admin@example.com'],
  CORS_ORIGINS: [
    '*',
    'null',
    'https://app.example.com/',
    'https://App.example.com',
    'https://a.example.com,b.example.com'
  ],
  TRUSTED_PROXIES: ['loopback', '10.0.0.0/33', '10/8', '10', '010.0.0.1', '10.0.0.1 10.0.0.2', '10.0.0.1,x'],
  PASSKEY_RP_ID: [
    'Example.com',
    'example.com.',
    '.example.com',
    'example..com',
    'https://example.com',
    'example.com:443',
    '192.0.2.1',
    '127.1',
    '[::1]',
    '1',
    'bücher.example',
    'a b',
    `${'x'.repeat(300)}`
  ],
  PASSKEY_ORIGINS: [
    '*',
    'null',
    'https://app.example.com/',
    'https://App.example.com',
    'ftp://app.example.com',
    'android:apk-key-hash:short',
    'android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS+0H1xKCQcfIoGLck',
    'https://app.example.com,app.example.com'
  ],
  STEP_UP_MAX_AGE: ['59', '86401', '10m'],
  SERVICE_NAME: ['x'.repeat(65), 'a\nb', 'a\u202eb', 'a\u0000b'],
  SMTP_URL: [
    'smtp.example.com',
    'http://smtp.example.com',
    'smtp://',
    'smtp://smtp.example.com/path',
    'smtp://smtp.example.com?ignoreTLS=true',
    'smtp://a%zz@smtp.example.com',
    ...ODD_PASSWORDS.map((password) => `smtp://ada:${password}@smtp.example.com`)
  ],
  MAIL_FROM: [
    'nobody',
    'a@b.example, c@d.example',
    'A <a@b.example',
    'A\nBcc: x <a@b.example>',
    '"A" <a@b.example>',
    'a b@c.example'
  ],
  MAIL_TEMPLATES: ['/no/such/folder', 'package.json'],
  APP_URL: ['app.example.com', 'https://app.example.com/#/', 'https://ada@app.example.com'],
  REQUIRE_VERIFIED_EMAIL: ['yes', 'ON'],
  HIDE_ACCOUNTS: ['1', 'true'],
  LIMITS: ['yes', 'ON'],
  ADMIN: ['no', 'OFF'],
  ADMIN_MFA: ['totp', 'true'],
  LOG_LEVEL: ['verbose', 'INFO'],
  INTROSPECTION_KEY: ['x'.repeat(31)],
  METRICS_KEY: ['x'.repeat(31), 'ü'.repeat(40), ` ${'x'.repeat(40)}`, `${'x'.repeat(40)} `],
  OTEL_EXPORTER_OTLP_ENDPOINT: [
    'localhost:4318',
    'grpc://localhost:4317',
    'x',
    ...ODD_PASSWORDS.map((password) => `http://ada:${password}@localhost:4318`)
  ]
}

test('a password with special characters is accepted if the URL parses it as the password', (t) => {
  for (const password of ['p@ss', 'p%2Fss', 'p%40%23%3F', 'p:ss', 'p ss', 'p\\ss', 'p\'ss"$&=+;,!*()[]{}|^~`<>']) {
    t.strictSame(
      faultsOf({ SECRET_KEY: SECRET, DATABASE_URL: `postgres://ada:${password}@localhost/auth` }),
      [],
      password
    )
  }
  t.end()
})

test('an invalid value stops the start with its fix:', async (t) => {
  for (const [name, values] of Object.entries(unfit)) {
    await t.test(name, async (t) => {
      for (const value of values) {
        t.strictSame(
          faultsOf({ SECRET_KEY: SECRET, MAIL_FROM: 'a@example.com', [name]: value }),
          [fault(name)],
          JSON.stringify(value)
        )
      }
    })
  }
})

test('the data folder is a folder, or can become one', (t) => {
  const folder = t.testdir({ file: '' })
  symlinkSync('loop', `${folder}/loop`)
  const refused = (why: string) => [`  - DATA_DIR must be the path of a folder: ${why}`]
  t.strictSame(faultsOf({ DATA_DIR: folder }), [])
  t.strictSame(faultsOf({ DATA_DIR: `${folder}/new/one` }), [])
  t.strictSame(faultsOf({ DATA_DIR: `${folder}/file` }), refused(`${folder}/file is not a folder`))
  t.strictSame(
    faultsOf({ DATA_DIR: `${folder}/file/in-it` }),
    refused(`ENOTDIR: not a directory, stat '${folder}/file/in-it'`)
  )
  t.strictSame(
    faultsOf({ DATA_DIR: `${folder}/loop` }),
    refused(`ELOOP: too many symbolic links encountered, stat '${folder}/loop'`)
  )
  const there = process.cwd()
  t.teardown(() => process.chdir(there))
  process.chdir(folder)
  writeFileSync('data', '')
  t.strictSame(faultsOf({}), refused(`${folder}/data is not a folder`))
  t.end()
})

test('every fault is told at once, and no value', (t) => {
  // That is a name.
  const names = Object.keys(unfit).filter((name) => name !== 'SERVICE_NAME')
  const environment = Object.fromEntries(names.map((name) => [name, '-hunter2']))
  t.strictSame(faultsOf(environment).sort(), names.map(fault).sort())
  t.end()
})

test('settings of passkeys that do not fit each other are told beside what is invalid', (t) => {
  const rpId = '  - PASSKEY_RP_ID must be auth.example.com or a domain above it, of more than one label'
  const given = { PUBLIC_URL: 'https://auth.example.com', PASSKEY_RP_ID: 'example.net' }
  t.strictSame(faultsOf(given), [rpId])
  t.strictSame(faultsOf({ ...given, LIMITS: '-hunter2' }), [fault('LIMITS'), rpId])
  t.strictSame(faultsOf({ ...given, CORS_ORIGINS: '-hunter2' }), [fault('CORS_ORIGINS')], 'unless it is one of them')
  t.end()
})

test('a database server needs a secret that all instances share', (t) => {
  t.strictSame(faultsOf({ DATABASE_URL: 'postgres://localhost/auth' }), [fault('SECRET_KEY')])
  t.strictSame(faultsOf({ DATABASE_URL: 'postgres://localhost/auth', SECRET_KEY: SECRET }), [])
  t.end()
})
