import { test } from 'tap'
import { build, PASSWORD } from './helpers/app.ts'
import { PASSPHRASE } from './helpers/backups.ts'
import { operator } from './helpers/command.ts'
import { migratedDatabase } from './helpers/database.ts'

const PASSWORD_FILE = { input: PASSWORD }

test('what operators do is on record', async (t) => {
  const database = await migratedDatabase(t)
  const run = await operator(t, { database })
  const folder = process.cwd()
  t.teardown(() => process.chdir(folder))
  process.chdir(t.testdir({ 'accounts.jsonl': '{"username":"grace"}\n' }))
  const json = async (...words: string[]) => JSON.parse((await run([...words, '--json'])).stdout)
  const fastify = await build(t, { database })
  const { kid } = fastify.keys.signingKey()
  await fastify.close()

  await run(['users', 'create', '--username', 'ada'], PASSWORD_FILE)
  const { id: account } = await json('users', 'show', 'ada')
  for (const words of [
    'users disable ada',
    'users disable ada',
    'users enable ada',
    'users enable ada',
    'users unlock ada',
    'users reset-factors ada',
    'users end-sessions ada',
    'users delete ada',
    'users import accounts.jsonl --dry-run',
    'users import accounts.jsonl',
    'users export accounts.csv',
    'keys rotate',
    'keys rewrap'
  ]) {
    await run(words.split(' '))
  }
  await run(['keys', 'revoke', '--dry-run', '--', kid])
  await run(['keys', 'revoke', '--yes', '--', kid])
  await run(['users', 'set-password', 'ada'], PASSWORD_FILE)
  await run(['users', 'delete', 'ada', '--yes'])
  await run(['backup', 'backup'], PASSPHRASE)
  await run(['restore', 'backup', '--replace', '--yes'], PASSPHRASE)

  const { records } = await json('audit', 'list')
  interface Listed {
    actor: string
    action: string
    account: string | null
    detail: object | null
  }
  const [rotated] = records.filter(({ action }: Listed) => action === 'key rotated')
  t.strictSame(
    records.map(({ actor, action, account, detail }: Listed) => [actor, action, account, detail]),
    [
      ['operator', 'user created', account, null],
      ['operator', 'user disabled', account, { count: 0 }],
      ['operator', 'user enabled', account, null],
      ['operator', 'user unlocked', account, null],
      ['operator', 'factors reset', account, { count: 0 }],
      ['operator', 'sessions ended', account, { count: 0 }],
      ['operator', 'users imported', null, { count: 1 }],
      ['operator', 'users exported', null, { count: 2 }],
      ['operator', 'key rotated', null, rotated.detail],
      ['operator', 'keys rewrapped', null, { count: 2 }],
      ['operator', 'key revoked', null, { kid }],
      ['operator', 'password set', account, { count: 0 }],
      ['operator', 'user deleted', account, { count: 0 }],
      ['operator', 'backup restored', null, { count: 1 }]
    ]
  )
  t.match(rotated.detail, { kid: /^[\w-]{43}$/ })
  t.equal((await run(['audit', 'verify'])).code, 0)
})
