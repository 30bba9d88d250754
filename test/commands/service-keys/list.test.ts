import { test } from 'tap'
import { done, workplace } from '../users/workplace.ts'

test('service-keys list', async (t) => {
  const { clock, run, ask } = await workplace(t)
  t.strictSame(await run(['service-keys', 'list']), done('ID  NAME  SCOPES  CREATED  ENDS  LAST USED'))
  const make = async (...words: string[]) => {
    clock.advance(1)
    const { key: _, ...made } = await ask('service-keys', 'create', ...words)
    return made
  }
  const first = await make('one', '--scope', 'metrics')
  const second = await make('two', '--scope', 'users:read', 'audit:read', '--expires-in', '60')
  const third = await make('three', '--scope', 'metrics')
  const revoked = await ask('service-keys', 'revoke', third.id)
  t.strictSame(await ask('service-keys', 'list'), { service_keys: [second, first, revoked] })
  const { stdout } = await run(['service-keys', 'list'])
  t.strictSame(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['ID', 'NAME', 'SCOPES', 'CREATED', 'ENDS', 'LAST USED'],
      [second.id, 'two', 'audit:read users:read', second.created_at, second.expires_at, 'never'],
      [first.id, 'one', 'metrics', first.created_at, 'never', 'never'],
      [third.id, 'three', 'metrics', third.created_at, `revoked ${revoked.revoked_at}`, 'never'],
      ['']
    ]
  )
})
