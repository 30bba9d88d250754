import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { type DatabasePool, type LatchkeyOptions, readOptions } from '../../../src/plugin/options.ts'

const GIVEN = {
  prefix: '/auth',
  publicUrl: 'https://example.com/auth',
  databaseUrl: 'postgres://localhost/app',
  secretKey: 'only for tests, and long enough to be one'
}
const POOL: DatabasePool = { connect: async () => {}, query: async () => {}, on: () => {}, off: () => {} }

test('options are the settings in camelCase', (t) => {
  const config = readOptions({
    ...GIVEN,
    databaseSchema: 'auth',
    accessTokenTtl: 60,
    limits: 'off',
    corsOrigins: ['https://a.example', 'https://b.example'],
    trustedProxies: '10.0.0.0/8, 127.0.0.1',
    audience: undefined,
    name: 'accounts'
  })
  t.strictSame(
    config,
    readConfig({
      PUBLIC_URL: GIVEN.publicUrl,
      DATABASE_URL: GIVEN.databaseUrl,
      DATABASE_SCHEMA: 'auth',
      SECRET_KEY: GIVEN.secretKey,
      ACCESS_TOKEN_TTL: '60',
      LIMITS: 'off',
      CORS_ORIGINS: 'https://a.example,https://b.example',
      TRUSTED_PROXIES: '10.0.0.0/8,127.0.0.1'
    })
  )
  t.end()
})

test('the environment is not read', (t) => {
  t.intercept(process, 'env', { value: { PASSWORD_MIN: '9', DATABASE_URL: 'nonsense' } })
  t.equal(readOptions(GIVEN).PASSWORD_MIN, 8)
  t.end()
})

test('secrets of providers may be in the file or beside it, but not in the environment', async (t) => {
  const google = { id: 'google', kind: 'google', client_id: 'ours', client_secret: { env: 'GOOGLE_SECRET' } }
  t.intercept(process, 'env', { value: { ...process.env, GOOGLE_SECRET: 'hidden' } })
  const read = (client_secret: unknown) => {
    const folder = t.testdir({
      'providers.json': JSON.stringify({ providers: [{ ...google, client_secret }] }),
      secret: 'x'
    })
    return readOptions({ ...GIVEN, providers: `${folder}/providers.json` })
  }
  for (const given of ['x', { file: 'secret' }]) t.match(read(given).PROVIDERS, [{ client: { secret: 'x' } }])
  // Not an option either: they are not variables.
  for (const env of ['GOOGLE_SECRET', 'SECRET_KEY']) {
    t.throws(() => read({ env }), {
      name: 'ConfigurationError',
      faults: [
        'providers: /providers/0/client_secret/env cannot be used, since the plugin reads no environment: give the text itself, or {"file": "PATH"}'
      ]
    })
  }
})

test('a pool, or a folder, in place of a URL', (t) => {
  const { databaseUrl: _, ...rest } = GIVEN
  t.match(readOptions({ ...rest, pool: POOL }), { DATABASE_URL: 'postgres://pool' })
  t.match(readOptions({ ...rest, dataDir: './none', publicUrl: 'http://localhost:3000/v1/auth/' }), {
    DATA_DIR: './none',
    PUBLIC_URL: 'http://localhost:3000/v1/auth'
  })
  t.end()
})

test('every fault is listed, by the names of options', (t) => {
  const cases: [options: object, faults: string[]][] = [
    [
      {},
      [
        'prefix must be a path such as /auth, without a slash at its end',
        'publicUrl must be the URL at which clients reach the prefix',
        'one of databaseUrl, pool and dataDir must be there, and no other'
      ]
    ],
    [{ ...GIVEN, prefix: '/' }, ['prefix must be a path such as /auth, without a slash at its end']],
    [{ ...GIVEN, prefix: '/login' }, ['publicUrl must end with the prefix, such as https://example.com/login']],
    [
      { ...GIVEN, secretkey: 'x', port: 3000 },
      ['secretkey is not an option', 'port is not an option: the application listens']
    ],
    [
      { ...GIVEN, logLevel: 'debug', metricsKey: 'x', otelServiceName: 'x' },
      [
        'logLevel is not an option: the logger of the application decides what is logged, by its level',
        'metricsKey is not an option: the metrics are those of the application',
        'otelServiceName is not an option: the application traces'
      ]
    ],
    [{ ...GIVEN, name: 'a name' }, ['name must be the name of a property']],
    [{ ...GIVEN, name: ['accounts'] }, ['name must be the name of a property']],
    [{ ...GIVEN, name: null }, ['name must be the name of a property']],
    [{ ...GIVEN, name: '__proto__' }, ['name must be the name of a property']],
    [{ ...GIVEN, name: 'constructor' }, ['name must be the name of a property']],
    [{ ...GIVEN, audience: null }, ['audience must be text, a number or a list of text']],
    [{ ...GIVEN, serviceName: {} }, ['serviceName must be text, a number or a list of text']],
    [{ ...GIVEN, databaseUrl: undefined, dataDir: null }, ['dataDir must be text, a number or a list of text']],
    [{ ...GIVEN, secretKey: Buffer.alloc(40, 0xff) }, ['secretKey must be text, a number or a list of text']],
    [{ ...GIVEN, secretKey: Object.create(null) }, ['secretKey must be text, a number or a list of text']],
    [{ ...GIVEN, corsOrigins: [['https://a.example']] }, ['corsOrigins must be text, a number or a list of text']],
    [{ ...GIVEN, corsOrigins: new Array(1) }, ['corsOrigins must be text, a number or a list of text']],
    [{ ...GIVEN, databaseUrl: undefined, secretKey: undefined, pool: POOL }, ['secretKey must be there with pool']],
    [{ ...GIVEN, databaseUrl: ' ' }, ['one of databaseUrl, pool and dataDir must be there, and no other']],
    [{ ...GIVEN, databaseUrl: '', secretKey: '', pool: POOL }, ['secretKey must be there with pool']],
    [{ ...GIVEN, pool: POOL }, ['one of databaseUrl, pool and dataDir must be there, and no other']],
    [
      { ...GIVEN, secretKey: 'short', passwordMin: 1, publicUrl: 'nonsense' },
      [
        'secretKey must be text of 32 bytes or more, for example the output of: openssl rand -base64 32',
        'publicUrl must be an http(s) URL without credentials, query or fragment',
        'passwordMin must be a whole number from 8 to 64'
      ]
    ]
  ]
  for (const [options, faults] of cases) {
    t.throws(() => readOptions(options as LatchkeyOptions), { name: 'ConfigurationError', faults }, String(faults))
  }
  t.end()
})
