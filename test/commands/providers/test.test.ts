import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { run } from '../../helpers/command.ts'
import { createIssuer } from '../../helpers/issuer.ts'

test('providers test', async (t) => {
  const issuer = await createIssuer(t)
  const PROVIDERS = join(t.testdir({}), 'providers.json')
  writeFileSync(PROVIDERS, JSON.stringify({ providers: [issuer.entry()] }))
  const variables = { PROVIDERS, PUBLIC_URL: 'https://auth.example.com' }
  const redirectUri = 'https://auth.example.com/federation/test/callback'
  const warning =
    'warning  provider test: its issuer has no TLS: only this machine can use it\n' +
    '         set issuer to an https:// URL\n'

  t.strictSame(await run(['providers', 'test', 'test'], { variables }), {
    code: 0,
    stdout: `${warning}ok       provider test: metadata of ${issuer.url}, 1 key, client not refused\nredirect address: ${redirectUri}\n`,
    stderr: ''
  })

  const refused = { status: 401, body: { error: 'invalid_client' } }
  issuer.lies.answer = (path, honest) => (path === '/token' ? refused : honest)
  const fix = 'copy client_id and client_secret again: they may be wrong, expired or revoked'
  const message = 'refuses this service as its client'
  t.strictSame(await run(['providers', 'test', 'test'], { variables }), {
    code: 1,
    stdout: `${warning}BAD      provider test: ${message}\n         ${fix}\nredirect address: ${redirectUri}\n`,
    stderr: ''
  })
  const json = await run(['--json', 'providers', 'test', 'test'], { variables })
  t.match(JSON.parse(json.stdout), {
    id: 'test',
    redirect_uri: redirectUri,
    findings: [{ state: 'warning' }, { about: 'provider test', state: 'bad', message, fix }]
  })
  t.strictSame([json.code, json.stderr], [1, ''])

  t.strictSame(await run(['providers', 'test', 'other'], { variables }), {
    code: 1,
    stdout: '',
    stderr: 'There is no provider with the id other.\n'
  })
})
