import { test } from 'tap'
import { type Config, readConfig } from '../../../src/config/config.ts'
import {
  checkCost,
  checkMail,
  checkNetwork,
  checkOpening,
  checkPermissions,
  checkPublicUrl,
  checkSecrets,
  checkSwitches,
  median
} from '../../../src/doctor/checks.ts'
import { checkKeyAge, checkSchema, checkServer } from '../../../src/doctor/database-checks.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { RootSecretMismatch } from '../../../src/secrets/root-secret.ts'

const STRONG = 'q8Zr3Yw1xT5vB7nM2kL9pQ4sD6fG0hJc'

const OTHER = 'Hc7uJ2nB5vT8yR1eW4qZ6xK9mP3sL0dF'

const configured = (environment: Record<string, string>): Config => readConfig(environment)

/** Findings in short: what they are about and how it is. */
const brief = (findings: Finding[]) => findings.map(({ about, state }) => `${about} ${state}`)

test('each finding that is not good has a fix', (t) => {
  const findings = [
    ...checkSecrets(configured({ SECRET_KEY: 'a'.repeat(32), SECRET_KEY_PREVIOUS: 'a'.repeat(32) })),
    ...checkNetwork(configured({ HOST: '0.0.0.0', PUBLIC_URL: 'http://a.example', TRUSTED_PROXIES: '0.0.0.0/0' })),
    ...checkSwitches(configured({ LIMITS: 'off', LOG_LEVEL: 'silent' })),
    ...checkServer(
      {
        version: 130_001,
        clockAhead: -7000,
        connections: { most: 10, taken: 5 },
        readOnly: true,
        settings: {
          encoding: 'LATIN1',
          dateStyle: 'German, DMY',
          isolation: 'serializable',
          timeouts: { lock_timeout: 9 }
        }
      },
      configured({})
    ),
    checkSchema({ applied: 3, newest: 2 }),
    checkSchema({ applied: 1, newest: 2 }),
    checkKeyAge(91),
    checkPermissions('/etc', 0o40755),
    checkCost(1000, { BCRYPT_COST: 12 })
  ]
  for (const { about, state, fix } of findings) t.equal(state !== 'good', fix !== undefined, about)
  t.end()
})

test('mail', (t) => {
  const DATABASE = { DATABASE_URL: 'postgres://localhost/latchkey', SECRET_KEY: STRONG }
  const smtp = (SMTP_URL: string) => ({ ...DATABASE, SMTP_URL, MAIL_FROM: 'a@example.com' })
  const far = smtp('smtps://smtp.example.com')
  const table: [environment: Record<string, string>, expected: string[]][] = [
    [{}, ['SMTP_URL good']],
    [{ PUBLIC_URL: 'https://id.example' }, ['SMTP_URL warning']],
    [DATABASE, ['SMTP_URL warning']],
    [far, ['SMTP_URL good']],
    [smtp('smtp://smtp.example.com'), ['SMTP_URL good']],
    [smtp('smtp://127.0.0.1:25'), ['SMTP_URL good']],
    [smtp('smtp://localhost'), ['SMTP_URL good']],
    [smtp('smtp://postfix'), ['SMTP_URL warning']],
    [smtp('smtp://10.1.2.3'), ['SMTP_URL warning']],
    [{ ...far, APP_URL: 'https://app.example.com' }, ['SMTP_URL good']],
    [{ ...far, APP_URL: 'http://localhost:5173' }, ['SMTP_URL good']],
    [{ ...far, APP_URL: 'http://app.example.com' }, ['SMTP_URL good', 'APP_URL bad']]
  ]
  for (const [environment, expected] of table) {
    const findings = checkMail(configured(environment))
    t.strictSame(brief(findings), expected)
    for (const { state, fix } of findings) t.equal(state !== 'good', fix !== undefined)
  }
  t.end()
})

test('secrets', (t) => {
  const table: [environment: Record<string, string>, expected: string[]][] = [
    [{}, ['secrets good']],
    [{ SECRET_KEY: STRONG, METRICS_KEY: OTHER }, ['secrets good']],
    [{ SECRET_KEY: 'abc'.repeat(11) }, ['SECRET_KEY bad']],
    [{ SECRET_KEY: STRONG, INTROSPECTION_KEY: STRONG }, ['INTROSPECTION_KEY bad']],
    [{ SECRET_KEY: STRONG, SECRET_KEY_PREVIOUS: OTHER }, ['secrets good', 'SECRET_KEY_PREVIOUS warning']]
  ]
  for (const [environment, expected] of table) t.strictSame(brief(checkSecrets(configured(environment))), expected)
  t.end()
})

test('the network', (t) => {
  const DATABASE = { DATABASE_URL: 'postgres://db.example.com/latchkey', SECRET_KEY: STRONG }
  const server = (host: string) => ({ ...DATABASE, DATABASE_URL: `postgres://${host}/latchkey` })
  const table: [environment: Record<string, string>, expected: string[]][] = [
    [{}, ['HOST good', 'TRUSTED_PROXIES good']],
    [{ HOST: 'localhost' }, ['HOST good', 'TRUSTED_PROXIES good']],
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost' }, ['HOST warning', 'TRUSTED_PROXIES good']],
    [{ HOST: '0.0.0.0' }, ['HOST good', 'PUBLIC_URL bad', 'TRUSTED_PROXIES good']],
    [{ HOST: '::' }, ['HOST good', 'PUBLIC_URL bad', 'TRUSTED_PROXIES good']],
    [{ HOST: '192.0.2.1' }, ['HOST good', 'PUBLIC_URL bad', 'TRUSTED_PROXIES good']],
    [{ HOST: 'LOCALHOST', PUBLIC_URL: 'http://a.example' }, ['HOST good', 'PUBLIC_URL bad', 'TRUSTED_PROXIES good']],
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://a.example' }, ['HOST good', 'PUBLIC_URL bad', 'TRUSTED_PROXIES good']],
    [{ PUBLIC_URL: 'https://a.example' }, ['HOST good', 'TRUSTED_PROXIES bad']],
    [{ PUBLIC_URL: 'https://a.example', TRUSTED_PROXIES: '10.1.2.3' }, ['HOST good', 'TRUSTED_PROXIES good']],
    [{ TRUSTED_PROXIES: '10.0.0.0/8, ::/0' }, ['HOST good', 'TRUSTED_PROXIES bad']],
    [DATABASE, ['HOST good', 'TRUSTED_PROXIES good', 'DATABASE_CA warning']],
    ...['localhost', '127.0.0.1', '[::1]', '10.2.3.4', '[fd00::1]', 'postgres'].map(
      (host) => [server(host), ['HOST good', 'TRUSTED_PROXIES good']] as [Record<string, string>, string[]]
    ),
    [server('198.51.100.7'), ['HOST good', 'TRUSTED_PROXIES good', 'DATABASE_CA warning']]
  ]
  for (const [environment, expected] of table) {
    t.strictSame(brief(checkNetwork(configured(environment))), expected, JSON.stringify(environment))
  }
  t.end()
})

test('a PUBLIC_URL in plain http is judged once, wherever the service listens', (t) => {
  const plain =
    /^is http:\/\/a\.example, without TLS: passwords and tokens are sent in the clear, and browsers refuse the cookies$/
  for (const HOST of ['127.0.0.1', 'localhost', '0.0.0.0', '192.0.2.1']) {
    const config = configured({ HOST, PUBLIC_URL: 'http://a.example' })
    const found = checkNetwork(config).filter(({ about }) => about === 'PUBLIC_URL')
    t.match(found, [{ state: 'bad', message: plain }], HOST)
    t.strictSame(found, checkPublicUrl(config), 'as at the start')
  }
  t.end()
})

test('without TRUSTED_PROXIES, all who come through a proxy share a quarter of the queue', (t) => {
  const findings = checkNetwork(configured({ PUBLIC_URL: 'https://a.example' }))
  t.match(findings.at(-1), {
    about: 'TRUSTED_PROXIES',
    message: /all clients count as one, with a quarter of HASH_QUEUE$/
  })
  t.end()
})

test('limits and the log', (t) => {
  t.strictSame(checkSwitches(configured({})), [])
  t.strictSame(brief(checkSwitches(configured({ LIMITS: 'off', LOG_LEVEL: 'error' }))), [
    'LIMITS bad',
    'LOG_LEVEL warning'
  ])
  t.end()
})

test('the cost of a hash is the highest under 300 ms, from 10 to 15, and lower only where one takes a second', (t) => {
  const table: [cost: number, milliseconds: number, fix: string | undefined][] = [
    [12, 299, undefined],
    [12, 150, 'set BCRYPT_COST to 13, the highest under 300 ms on this machine'],
    [12, 151, undefined],
    [12, 301, undefined],
    [12, 999, undefined],
    [12, 1000, 'set BCRYPT_COST to 10, the highest under 300 ms on this machine'],
    [14, 1200, 'set BCRYPT_COST to 12, the highest under 300 ms on this machine'],
    [12, 5000, 'set BCRYPT_COST to 10, the highest under 300 ms on this machine'],
    [10, 5000, undefined],
    [15, 1, undefined]
  ]
  for (const [cost, milliseconds, fix] of table) {
    const finding = checkCost(milliseconds, { BCRYPT_COST: cost })
    t.strictSame([finding.fix, finding.message], [fix, `a hash of cost ${cost} takes ${milliseconds} ms`])
  }
  t.end()
})

test('the median of several hashes', (t) => {
  t.equal(median([5000, 190, 210, 200, 9000]), 210)
  t.end()
})

test('a secret that opens nothing is bad', (t) => {
  t.match(checkOpening('SECRET_KEY'), { about: 'SECRET_KEY', state: 'good' })
  t.match(checkOpening('SECRET_KEY', new RootSecretMismatch()), {
    state: 'bad',
    message: 'does not decrypt the root secret in the database: the service cannot start',
    fix: /SECRET_KEY_PREVIOUS/
  })
  t.match(checkOpening('/data/secret.key', new Error('it cannot be read')), {
    state: 'bad',
    message: 'it cannot be read: the service cannot start',
    fix: /^restore the file/
  })
  t.end()
})
