/**
 * Starts the built service with every setting, and checks the effect of each against a database with TLS, a real
 * collector, a real mail server and custom mail templates. test/settings.test.ts checks that no setting is missing
 * here.
 *
 *   npm run build && node --import tsx bench/settings.ts
 *
 * Starts its own servers with Debian's PostgreSQL programs and removes them at the end. Takes about 20 seconds.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { ask, PASSWORD } from '@latchkey/compare/measure/client'
import { SMTPServer } from 'smtp-server'
import { Cluster } from './shared/cluster.ts'
import { freePort, own, temporaryFolder } from './shared/processes.ts'
import { check, finish, title } from './shared/report.ts'
import { Service } from './shared/service.ts'

const MINUTE = 60_000

title('Every setting of the built service')
const folder = temporaryFolder()
const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate]
  ],
  { stdio: 'ignore' }
)
for (const file of [certificate, key]) own(file)
const cluster = await Cluster.create({
  settings: `ssl = on\nssl_cert_file = '${certificate}'\nssl_key_file = '${key}'\n`
})

const letters = mkdtempSync(join(tmpdir(), 'latchkey-letters-'))
atExit(() => rmSync(letters, { recursive: true, force: true }))
writeFileSync(join(letters, 'finish-registration.txt'), 'Subject: A letter of our own\n\n{{link}}\n')
const pages = mkdtempSync(join(tmpdir(), 'latchkey-pages-'))
atExit(() => rmSync(pages, { recursive: true, force: true }))
writeFileSync(join(pages, 'texts.en.json'), JSON.stringify({ 'sign-in.title': 'A title of our own' }))

const providers = join(folder, 'providers.json')
const entry = { id: 'example', kind: 'oidc', issuer: 'https://id.example.com', label: 'Example', client_id: 'latchkey' }
writeFileSync(providers, JSON.stringify({ providers: [{ ...entry, client_secret: { env: 'EXAMPLE_SECRET' } }] }))

const mails: string[] = []
const mailServer = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  disableReverseLookup: true,
  onData: (stream, _session, done) => void text(stream).then((mail) => done(undefined, String(mails.push(mail))), done)
}).on('error', () => {})
const mailPort = await freePort()
await new Promise<void>((resolve) => mailServer.listen(mailPort, '127.0.0.1', resolve))

const traces: string[] = []
const collector = createServer((request, response) => {
  text(request).then((body) => traces.push(body))
  response.end('{}')
}).listen(0, '127.0.0.1')
await new Promise((resolve) => collector.once('listening', resolve))

const secrets = ['SECRET', 'PREVIOUS', 'INTROSPECTION', 'METRICS'].map((name) => name.padEnd(40, '-0123456789'))
const [SECRET_KEY, SECRET_KEY_PREVIOUS, INTROSPECTION_KEY, METRICS_KEY] = secrets as [string, string, string, string]
const port = await freePort()

/** A file with a secret, as an orchestrator mounts it. */
function inFile(name: string, secret: string): string {
  const file = join(folder, name)
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  return file
}

const ALL = {
  DATABASE_URL: cluster.url(),
  DATABASE_POOL: '3',
  DATABASE_CA: certificate,
  DATABASE_SCHEMA: 'auth',
  // Not used with a server, and so not created either.
  DATA_DIR: '/proc/nope',
  SECRET_KEY,
  SECRET_KEY_PREVIOUS,
  KEY_MAX_AGE: '0',
  PORT: `${port}`,
  HOST: '127.0.0.1',
  PUBLIC_URL: 'HTTPS://Auth.Example.com:443/base/',
  AUDIENCE: 'the api',
  ACCESS_TOKEN_TTL: '61',
  REFRESH_IDLE_TTL: '3600',
  REFRESH_MAX_TTL: '7200',
  REFRESH_GRACE: '0',
  BCRYPT_COST: '10',
  PASSWORD_MIN: '12',
  HASH_CONCURRENCY: '1',
  HASH_QUEUE: '1',
  RESERVED_USERNAMES: 'example.staff',
  CORS_ORIGINS: 'https://app.example.com',
  TRUSTED_PROXIES: '127.0.0.1',
  PASSKEY_RP_ID: 'example.com',
  PASSKEY_ORIGINS: 'https://app.example.com',
  STEP_UP_MAX_AGE: '60',
  SERVICE_NAME: 'Example Accounts',
  SMTP_URL: `smtp://127.0.0.1:${mailPort}`,
  SMTP_CONNECTIONS: '3',
  MAIL_FROM: 'Example <no-reply@example.com>',
  MAIL_TEMPLATES: letters,
  APP_URL: 'https://APP.example.com/account/',
  SERVICE_URL: 'https://www.example.com/home/',
  PAGES: 'on',
  PAGES_FOLDER: pages,
  PROVIDERS: providers,
  // The secret of the provider.
  EXAMPLE_SECRET: SECRET_KEY,
  REQUIRE_VERIFIED_EMAIL: 'on',
  HIDE_ACCOUNTS: 'on',
  LIMITS: 'on',
  ADMIN: 'on',
  ADMIN_MFA: 'on',
  LOG_LEVEL: 'info',
  INTROSPECTION_KEY,
  METRICS_KEY,
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  OTEL_SERVICE_NAME: 'login'
}

/** The same secrets, in files. */
const FILES = {
  DATABASE_URL_FILE: inFile('database-url', ALL.DATABASE_URL),
  SECRET_KEY_FILE: inFile('secret-key', SECRET_KEY),
  SECRET_KEY_PREVIOUS_FILE: inFile('secret-key-previous', SECRET_KEY_PREVIOUS),
  SMTP_URL_FILE: inFile('smtp-url', ALL.SMTP_URL),
  INTROSPECTION_KEY_FILE: inFile('introspection-key', INTROSPECTION_KEY),
  METRICS_KEY_FILE: inFile('metrics-key', METRICS_KEY),
  OTEL_EXPORTER_OTLP_ENDPOINT_FILE: inFile('collector', ALL.OTEL_EXPORTER_OTLP_ENDPOINT)
}
const BLANK = Object.fromEntries(Object.keys(FILES).map((name) => [name.replace(/_FILE$/, ''), '']))

// The previous secret: its key keeps signing, and its tokens stay valid.
const before = await Service.start({
  port,
  environment: { ...ALL, SECRET_KEY: SECRET_KEY_PREVIOUS, SECRET_KEY_PREVIOUS: '' }
})
const keysBefore = await kids(before.base)
check((await before.stop()).code === 0, 'SIGTERM ends it with 0')

// All that follows is tried with the secrets in files.
const service = await Service.start({ port, environment: { ...ALL, ...BLANK, ...FILES } })
const { base } = service
check(
  base !== '' && (await kids(`http://127.0.0.1:${port}`)) === keysBefore,
  'PORT, HOST, SECRET_KEY, SECRET_KEY_PREVIOUS'
)

const email = 'ada@example.com'
const asked = await ask(base, 'POST', '/register', { payload: { email } })
check(asked.status === 202, 'HIDE_ACCOUNTS', `${asked.status}`)
await until(() => mails.length > 0)
const mail = String(mails[0]).replaceAll('=\r\n', '').replaceAll('=3D', '=')
check(mail.includes('From: Example <no-reply@example.com>'), 'SMTP_URL, MAIL_FROM')
check(mail.includes('Subject: A letter of our own'), 'MAIL_TEMPLATES')
const [, link, token] = /(\S+)#token=([\w.-]+)/.exec(mail) ?? []
check(link?.startsWith('https://app.example.com/account/') === true, 'APP_URL', String(link))

const signIn = await (await fetch(`${base}/pages/login`)).text()
check(signIn.includes('<h1>A title of our own</h1>'), 'PAGES, PAGES_FOLDER')

const listed = await (await fetch(`${base}/providers`)).text()
check(listed === '{"providers":[{"id":"example","label":"Example","kind":"oidc"}]}', 'PROVIDERS', listed)

const finishRegistration = (password: string) => ask(base, 'POST', '/register/finish', { payload: { token, password } })
check((await finishRegistration('11 letters.')).code === 'PASSWORD_REJECTED', 'PASSWORD_MIN')
check((await finishRegistration(PASSWORD)).status === 201, 'a registration is finished')
const [stored] = await cluster.admin('SELECT password_hash FROM auth.users', 'latchkey')
check(stored.password_hash.startsWith('$2b$10$'), 'BCRYPT_COST')

const forwarded = { 'x-forwarded-for': '203.0.113.7' }
const login = await ask(base, 'POST', '/login', { payload: { email, password: PASSWORD }, headers: forwarded })
const { access_token = '..', refresh_token } = login.body
const claims = JSON.parse(Buffer.from(access_token.split('.')[1] as string, 'base64url').toString())
check(claims.iss === 'https://auth.example.com/base', 'PUBLIC_URL, in its one form', claims.iss)
check(claims.aud === 'the api', 'AUDIENCE', claims.aud)
check(claims.exp - claims.iat === 61, 'ACCESS_TOKEN_TTL')

const [session] = (await ask(base, 'GET', '/sessions', { token: access_token })).body.sessions as unknown as Session[]
check(session?.ip === '203.0.113.7', 'TRUSTED_PROXIES', String(session?.ip))
const lives = (Date.parse(String(session?.expires_at)) - Date.parse(String(session?.last_used_at))) / 1000
check(Math.round(lives) === 3600, 'REFRESH_IDLE_TTL, REFRESH_MAX_TTL', `${lives} s`)

await cluster.admin(`UPDATE auth.users SET roles = '{admin}'`, 'latchkey')
const administrator = await ask(base, 'GET', '/admin/users', { token: access_token })
check(administrator.code === 'STEP_UP_REQUIRED', 'ADMIN_MFA', `${administrator.status} ${administrator.code}`)

const refresh = () => ask(base, 'POST', '/token/refresh', { payload: { refresh_token } })
const uses = [await refresh(), await refresh()].map(({ status }) => status)
check(uses.join() === '200,401', 'REFRESH_GRACE', uses.join())

const introspected = await ask(base, 'POST', '/introspect', {
  token: INTROSPECTION_KEY,
  payload: { token: access_token }
})
check(introspected.status === 200, 'INTROSPECTION_KEY', `${introspected.status}`)
const metrics = await Promise.all([METRICS_KEY, undefined].map((token) => ask(base, 'GET', '/metrics', { token })))
check(metrics.map(({ status }) => status).join() === '200,401', 'METRICS_KEY')
const preflight = await ask(base, 'OPTIONS', '/login', {
  headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' }
})
check(preflight.headers['access-control-allow-origin'] === 'https://app.example.com', 'CORS_ORIGINS')

const guess = (name: string) => ask(base, 'POST', '/login', { payload: { username: name, password: PASSWORD } })
const users = await Promise.all(Array.from({ length: 12 }, (_, index) => guess(`nobody${index}`)))
check(
  users.some(({ status }) => status === 503),
  'HASH_CONCURRENCY, HASH_QUEUE',
  users.map(({ status }) => status).join()
)
const guesses: number[] = []
while (guesses.length < 11) guesses.push((await guess('nobody')).status)
check(guesses.at(-1) === 429, 'LIMITS', guesses.join())

const connections = await cluster.admin(
  `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'latchkey'`
)
check(
  connections.length > 0 && connections.every(({ ssl }) => ssl),
  'DATABASE_URL, DATABASE_CA',
  `${connections.length}`
)
check(connections.length <= 3, 'DATABASE_POOL')
check((await cluster.admin('SELECT count(*)::int FROM auth.signing_keys', 'latchkey'))[0].count === 1, 'KEY_MAX_AGE')
const [tables] = await cluster.admin(
  "SELECT string_agg(DISTINCT schemaname, ',') AS schemas FROM pg_tables WHERE tablename IN ('users', 'mails')",
  'latchkey'
)
check(tables.schemas === 'auth', 'DATABASE_SCHEMA')
check(service.log().includes('"msg":"request completed"'), 'LOG_LEVEL')
check((await service.stop()).code === 0, 'it ends with 0')
check(traces.join().includes('"POST /login"'), 'OTEL_EXPORTER_OTLP_ENDPOINT')
check(traces.join().includes('{"key":"service.name","value":{"stringValue":"login"}}'), 'OTEL_SERVICE_NAME')
check(!service.log().includes(PASSWORD) && !service.log().includes(SECRET_KEY), 'no secret is in the log')

const strict = await Service.start({
  port,
  environment: { ...ALL, HIDE_ACCOUNTS: 'off', APP_URL: '', ADMIN: 'off' }
})
check((await ask(strict.base, 'GET', '/admin/users')).status === 404, 'ADMIN')
const eve = { email: 'eve@example.com', password: PASSWORD }
await ask(strict.base, 'POST', '/register', { payload: eve })
const early = await ask(strict.base, 'POST', '/login', { payload: eve })
check(early.code === 'EMAIL_UNVERIFIED', 'REQUIRE_VERIFIED_EMAIL', `${early.status} ${early.code}`)
const staff = { ...eve, username: 'Example.Staff', email: 'staff@example.com' }
const reserved = await ask(strict.base, 'POST', '/register', { payload: staff })
check(reserved.code === 'ACCOUNT_EXISTS', 'RESERVED_USERNAMES', `${reserved.status} ${reserved.code}`)
const page = await (await fetch(`${strict.base}/pages/email/verify?token=x`)).text()
check(page.includes('https://www.example.com/home'), 'SERVICE_URL')
check(page.includes('Example Accounts'), 'SERVICE_NAME')
await strict.stop()

const elsewhere = await Service.launch({ port, environment: { ...ALL, DATABASE_URL: '', DATABASE_CA: '' } })
check((await elsewhere.outcome(performance.now())).code === 1, 'DATA_DIR that cannot be made ends the start')
check(elsewhere.log().includes('DATA_DIR /proc/nope cannot be created'), 'and says so', elsewhere.log())

mailServer.close()
collector.close()
cluster.kill()
finish()

interface Session {
  ip: string
  last_used_at: string
  expires_at: string
}

async function kids(base: string): Promise<string> {
  const { keys } = (await ask(base, 'GET', '/.well-known/jwks.json')).body as unknown as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid).join()
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + MINUTE
  while (!holds() && performance.now() < end) await pause(50)
}
