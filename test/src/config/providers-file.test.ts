import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { type ConfigurationError, readConfig } from '../../../src/config/config.ts'
import { readProviders } from '../../../src/config/providers-file.ts'

const pemOf = (namedCurve: string) =>
  String(generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }))
const APPLE_KEY = pemOf('P-256')
const CLIENT = { client_id: 'latchkey', client_secret: 'hidden' }
const TENANT = 'https://login.microsoftonline.com/9f0c7e42-8e0d-4b6a-9d9a-3f7b6a1c2d3e/v2.0'

test('the file of providers', async (t) => {
  const folder = t.testdir({ 'secret.txt': 'hidden in a file\n', 'empty.txt': '\n', 'large.txt': 'x'.repeat(65_537) })
  const path = join(folder, 'providers.json')
  const read = (content: unknown, environment: Record<string, string> = {}) => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return readProviders(path, environment)
  }

  await t.test('has defaults for each kind', async (t) => {
    const { providers, faults } = read({
      providers: [
        { id: 'google', kind: 'google', ...CLIENT },
        { id: 'microsoft', kind: 'microsoft', issuer: TENANT, ...CLIENT },
        { id: 'apple', kind: 'apple', client_id: 'com.example', team: 'TEAM', key_id: 'KEY', key: APPLE_KEY },
        { id: 'github', kind: 'github', ...CLIENT },
        { id: 'our-own', kind: 'oidc', issuer: 'https://id.example.com', ...CLIENT }
      ]
    })
    t.strictSame(faults, [])
    const common = { clientId: 'latchkey', client: { secret: 'hidden' }, link: 'ask', signUp: true, secretFile: path }
    const openId = { ...common, scopes: ['openid', 'email'] }
    t.strictSame(providers, [
      {
        ...openId,
        id: 'google',
        kind: 'google',
        label: 'Google',
        issuer: 'https://accounts.google.com',
        trustEmail: true
      },
      { ...openId, id: 'microsoft', kind: 'microsoft', label: 'Microsoft', issuer: TENANT, trustEmail: false },
      {
        ...openId,
        id: 'apple',
        kind: 'apple',
        label: 'Apple',
        issuer: 'https://appleid.apple.com',
        clientId: 'com.example',
        client: { team: 'TEAM', keyId: 'KEY', key: APPLE_KEY },
        trustEmail: true
      },
      {
        ...common,
        id: 'github',
        kind: 'github',
        label: 'GitHub',
        issuer: 'https://github.com',
        scopes: ['user:email'],
        trustEmail: true
      },
      { ...openId, id: 'our-own', kind: 'oidc', label: 'our-own', issuer: 'https://id.example.com', trustEmail: false }
    ])
  })

  await t.test('says otherwise, and takes secrets from the environment and from files', async (t) => {
    const more = { trust_email: true, link: 'verified_email', sign_up: false, label: 'Ours', scopes: ['openid'] }
    const entry = { kind: 'oidc', issuer: 'http://127.0.0.1:8080/realm', client_id: 'latchkey', ...more }
    const { providers, faults } = read(
      {
        providers: [
          { ...entry, id: 'a', client_secret: { env: 'OUR_SECRET' } },
          {
            ...entry,
            id: 'b',
            client_secret: { file: 'secret.txt' },
            token_endpoint_auth_method: 'client_secret_basic'
          }
        ]
      },
      { OUR_SECRET: 'hidden in the environment' }
    )
    t.strictSame(faults, [])
    t.match(providers, [
      {
        issuer: 'http://127.0.0.1:8080/realm',
        client: { secret: 'hidden in the environment' },
        trustEmail: true,
        link: 'verified_email',
        signUp: false,
        label: 'Ours',
        scopes: ['openid']
      },
      {
        client: { secret: 'hidden in a file' },
        secretFile: join(folder, 'secret.txt'),
        authMethod: 'client_secret_basic'
      }
    ])
    t.notOk(providers[0]?.secretFile)
  })

  await t.test('is told of every fault, with its place and without a secret', async (t) => {
    const google = { id: 'google', kind: 'google', ...CLIENT }
    const apple = { id: 'apple', kind: 'apple', client_id: 'x', team: 'T', key_id: 'K', key: APPLE_KEY }
    const at = (place: string) => `PROVIDERS: /providers/0/${place}`
    const rows: [providers: unknown[], faults: string[]][] = [
      [[{}], [`${at('id')} is required`, `${at('kind')} is required`, `${at('client_id')} is required`]],
      [[{ ...google, id: 'Google' }], [`${at('id')} must be 1 to 32 characters of a-z, 0-9 and -`]],
      [[{ ...google, kind: 'facebook' }], [`${at('kind')} must be equal to one of the allowed values`]],
      [[{ ...google, colour: 'red' }], [`${at('colour')} is not a known key`]],
      [[{ ...google, client_secret: undefined }], [`${at('client_secret')} is required`]],
      [
        [{ ...google, client_secret: { env: 'NOT_SET' } }],
        [`${at('client_secret/env')} must name an environment variable that is set`]
      ],
      ...['none.txt', 'empty.txt', 'large.txt'].map((file): [unknown[], string[]] => [
        [{ ...google, client_secret: { file } }],
        [`${at('client_secret/file')} must be the path of a readable file of at most 64 KB`]
      ]),
      [
        [{ ...google, token_endpoint_auth_method: 'client_secret_post' }],
        [`${at('token_endpoint_auth_method')} is for oidc only`]
      ],
      [
        [{ ...google, token_endpoint_auth_method: 'none' }],
        [`${at('token_endpoint_auth_method')} must be equal to one of the allowed values`]
      ],
      [[{ ...google, team: 'T' }], [`${at('team')} is for Apple only`]],
      [[{ ...google, scopes: ['email'] }], [`${at('scopes')} must contain openid`]],
      [[{ ...google, kind: 'github', scopes: ['read:org'] }], [`${at('scopes')} must contain user:email`]],
      [[{ ...google, kind: 'github', scopes: ['user'] }], []],
      [
        [{ ...google, issuer: 'http://accounts.google.com' }],
        [`${at('issuer')} must be an https:// URL without a query`]
      ],
      [[google, google], ['PROVIDERS: /providers/1/id is the id of another provider']],
      [
        [{ ...google, colour: 'red' }, { ...google, client_secret: { env: 'NOT_SET' } }, 'x', { ...google, team: 'T' }],
        [
          `${at('colour')} is not a known key`,
          'PROVIDERS: /providers/1/client_secret/env must name an environment variable that is set',
          'PROVIDERS: /providers/2/ must be object',
          'PROVIDERS: /providers/3/id is the id of another provider',
          'PROVIDERS: /providers/3/team is for Apple only'
        ]
      ],
      [[{ ...google, kind: 'oidc' }], [`${at('issuer')} is required`]],
      [[{ ...google, kind: 'microsoft' }], [`${at('issuer')} is required`]],
      [
        [{ ...google, kind: 'microsoft', issuer: 'https://login.microsoftonline.com/common/v2.0', trust_email: true }],
        [
          `${at('issuer')} must be that of one tenant: https://login.microsoftonline.com/<tenant id>/v2.0`,
          `${at('trust_email')} must be false: Microsoft does not verify addresses`
        ]
      ],
      [
        [{ id: 'apple', kind: 'apple', ...CLIENT }],
        [
          `${at('team')} is required`,
          `${at('key_id')} is required`,
          `${at('client_secret')} is not for Apple: give team, key_id and key`,
          `${at('key')} is required`
        ]
      ],
      ...['hidden', pemOf('P-384')].map((key): [unknown[], string[]] => [
        [{ ...apple, key }],
        [`${at('key')} must be a private P-256 key in PEM, as Apple offers it (.p8)`]
      ])
    ]
    for (const [providers, faults] of rows) {
      const answer = read({ providers })
      t.strictSame(answer.faults, faults)
      t.notMatch(answer.faults.join(), 'hidden')
    }
    t.strictSame(read([]).faults, ['PROVIDERS: / must be object'])
    t.strictSame(read('{').faults, ['PROVIDERS must be the path of a file in JSON'])
    t.strictSame(readProviders(join(folder, 'none.json'), {}).faults, [
      'PROVIDERS must be the path of a readable file of at most 64 KB'
    ])
  })

  await t.test('is part of the configuration, and needs the pages', async (t) => {
    read({ providers: [{ id: 'google', kind: 'google', ...CLIENT }] })
    t.match(readConfig({ PROVIDERS: path }), { PROVIDERS: [{ id: 'google' }], PAGES: 'on' })
    t.strictSame(readConfig({}).PROVIDERS, [])
    const faultsOf = (environment: Record<string, string>) => {
      try {
        return readConfig(environment)
      } catch (error) {
        return (error as ConfigurationError).faults
      }
    }
    const needed = ['PROVIDERS needs the pages: set PAGES=on']
    t.strictSame(faultsOf({ PROVIDERS: path, APP_URL: 'https://app.example.com' }), needed)
    t.strictSame(faultsOf({ PROVIDERS: path, PAGES: 'off' }), needed)
  })
})
