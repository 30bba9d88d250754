import { join } from 'node:path'
import { test } from 'tap'
import { run } from '../../helpers/command.ts'

test('providers list', async (t) => {
  const google = { id: 'google', kind: 'google', client_id: 'x', client_secret: 'hidden' }
  const ours = { ...google, id: 'ours', kind: 'oidc', issuer: 'https://id.example.com', label: 'Ours', sign_up: false }
  const folder = t.testdir({ 'providers.json': JSON.stringify({ providers: [google, ours] }) })
  const variables = { PROVIDERS: join(folder, 'providers.json'), PUBLIC_URL: 'https://auth.example.com' }

  const json = await run(['providers', 'list', '--json'], { variables })
  t.strictSame([json.code, json.stderr], [0, ''])
  t.strictSame(JSON.parse(json.stdout), {
    providers: [
      {
        id: 'google',
        kind: 'google',
        label: 'Google',
        issuer: 'https://accounts.google.com',
        redirect_uri: 'https://auth.example.com/federation/google/callback',
        scopes: ['openid', 'email'],
        trust_email: true,
        link: 'ask',
        sign_up: true
      },
      {
        id: 'ours',
        kind: 'oidc',
        label: 'Ours',
        issuer: 'https://id.example.com',
        redirect_uri: 'https://auth.example.com/federation/ours/callback',
        scopes: ['openid', 'email'],
        trust_email: false,
        link: 'ask',
        sign_up: false
      }
    ]
  })
  t.strictSame(await run(['providers', 'list'], { variables }), {
    code: 0,
    stdout: [
      'ID      KIND    ISSUER                       REDIRECT ADDRESS',
      'google  google  https://accounts.google.com  https://auth.example.com/federation/google/callback',
      'ours    oidc    https://id.example.com       https://auth.example.com/federation/ours/callback',
      ''
    ].join('\n'),
    stderr: ''
  })
  t.strictSame(await run(['providers', 'list']), {
    code: 0,
    stdout: 'No providers: PROVIDERS is not set or its list is empty.\n',
    stderr: ''
  })
})
