import { chmodSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { run } from '../helpers/command.ts'

const BCRYPT_COST = '10'

test('doctor', async (t) => {
  await t.test('lists every fault of a configuration', async (t) => {
    const { code, stdout } = await run(['doctor'], { variables: { PORT: 'x', LIMITS: 'maybe' } })
    t.strictSame(
      [code, stdout],
      [
        1,
        'BAD      configuration: PORT must be a port from 1 to 65535\nBAD      configuration: LIMITS must be on or off\n'
      ]
    )
  })

  await t.test('prints each finding with its fix, and exits with 1 only if one is bad', async (t) => {
    const DATA_DIR = `${t.testdir({})}/data`
    const good = await run(['doctor'], { variables: { DATA_DIR, BCRYPT_COST } })
    t.match(good.stdout, /^ok {7}configuration: valid\n/)
    t.match(good.stdout, `\nok       database: embedded in ${DATA_DIR}, which the first start creates\n`)
    t.strictSame([good.code, good.stderr], [0, ''])

    const variables = { DATA_DIR, BCRYPT_COST, LIMITS: 'off', LOG_LEVEL: 'silent' }
    const bad = await run(['doctor'], { variables })
    const limits = 'off: passwords can be guessed without limit'
    t.match(bad.stdout, `\nBAD      LIMITS: ${limits}\n         set LIMITS to on\nwarning  LOG_LEVEL: silent: `)
    t.strictSame([bad.code, bad.stderr], [1, ''])

    const json = await run(['doctor', '--json'], { variables })
    const { findings } = JSON.parse(json.stdout)
    t.strictSame(
      findings.filter(({ about }: { about: string }) => about === 'LIMITS'),
      [{ about: 'LIMITS', state: 'bad', message: limits, fix: 'set LIMITS to on' }]
    )
    t.equal(json.code, 1)
  })

  await t.test('inspects the database', async (t) => {
    const open = t.testdir({ postgres: {}, 'other.txt': '' })
    chmodSync(open, 0o755)
    const { code, stdout } = await run(['doctor'], { variables: { DATA_DIR: open, BCRYPT_COST } })
    t.match(stdout, /\nBAD {6}database: .* is open to other users/)
    t.equal(code, 1)
  })

  await t.test('checks providers, and who can read their secrets', async (t) => {
    const folder = t.testdir({})
    const [PROVIDERS, secret] = [`${folder}/providers.json`, `${folder}/secret.txt`]
    const entry = { kind: 'oidc', issuer: 'http://127.0.0.1:1', client_id: 'x' }
    const providers = [
      { ...entry, id: 'a', client_secret: { file: 'secret.txt' } },
      { ...entry, id: 'b', client_secret: { file: 'secret.txt' } },
      { ...entry, id: 'c', client_secret: { env: 'OUR_SECRET' } }
    ]
    writeFileSync(secret, 'a secret', { mode: 0o644 })
    writeFileSync(PROVIDERS, JSON.stringify({ providers }), { mode: 0o644 })
    const variables = { PROVIDERS, OUR_SECRET: 'another', DATA_DIR: `${folder}/data`, BCRYPT_COST }
    const { code, stdout } = await run(['doctor'], { variables })
    t.match(stdout, '\nBAD      provider b: its metadata at /.well-known/openid-configuration: no answer\n')
    t.equal(stdout.split(`BAD      ${secret}: accessible to other users (0644)`).length, 2, 'once')
    t.notMatch(stdout, `${PROVIDERS}:`)
    t.equal(code, 1)
  })

  await t.test('prints an unexpected error', async (t) => {
    const { code, stderr } = await run(['doctor'], {
      variables: { DATA_DIR: t.testdir({ postgres: { PG_VERSION: {} } }) }
    })
    t.equal(code, 1)
    t.not(stderr, '')
  })
})
