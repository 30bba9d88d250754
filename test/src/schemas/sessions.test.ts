import { test } from 'tap'
import { Login, Refresh, Session, Tokens } from '../../../src/schemas/sessions.ts'
import { letters, validator } from '../../helpers/schemas.ts'

test('a login names one account, by a name of any shape', (t) => {
  const faultsOf = validator(Login)
  const password = 'x'
  const table: [body: unknown, faults: string[]][] = [
    [{ username: 'ada', password }, []],
    [{ email: 'not an address', password }, []],
    [{ username: letters(254), password: letters(1024), cookie: true }, []],
    [{ password }, ['exactly one of username and email is required']],
    [{ username: 'ada', email: 'a@b.c', password }, ['exactly one of username and email is required']],
    [{ username: 'ada' }, ['/password is required']],
    [{ username: '', password }, ['/username must have at least 1 characters']],
    [{ username: letters(255), password }, ['/username must have at most 254 characters']],
    [{ username: 'ada', password: letters(1025) }, ['/password must have at most 1024 characters']],
    [{ username: 'ada', password, cookie: 'true' }, ['/cookie must be boolean']],
    [{ username: 'ada', password, role: 'x' }, ['/role is not a known key']]
  ]
  for (const [body, faults] of table) t.strictSame(faultsOf(body), faults, JSON.stringify(body).slice(0, 80))
  t.end()
})

test('a refresh token is optional in the body, and bounded', (t) => {
  const faultsOf = validator(Refresh)
  t.strictSame(faultsOf({}), [])
  t.strictSame(faultsOf({ refresh_token: letters(512) }), [])
  t.strictSame(faultsOf({ refresh_token: '' }), ['/refresh_token must have at least 1 characters'])
  t.strictSame(faultsOf({ refresh_token: letters(513) }), ['/refresh_token must have at most 512 characters'])
  t.strictSame(faultsOf({ token: 'x' }), ['/token is not a known key'])
  t.end()
})

test('answers have the keys of RFC 6749 §5.1, and those of a session', (t) => {
  const tokens = { access_token: 'a', token_type: 'Bearer', expires_in: 900 }
  t.strictSame(validator(Tokens)(tokens), [])
  t.strictSame(validator(Tokens)({ ...tokens, refresh_token: 'b' }), [])
  t.equal(validator(Tokens)({ ...tokens, token_type: 'bearer' }).length, 1)
  t.strictSame(validator(Tokens)({ ...tokens, scope: 'x' }), ['/scope is not a known key'])

  const time = '2026-01-31T12:00:00.000Z'
  const session = {
    id: '0198a3c2-7f00-7000-8000-000000000000',
    created_at: time,
    last_used_at: time,
    expires_at: time,
    user_agent: null,
    ip: null,
    current: true
  }
  t.strictSame(validator(Session)(session), [])
  for (const key of Object.keys(session)) {
    t.match(validator(Session)({ ...session, [key]: undefined }), [`/${key} is required`])
  }
  t.end()
})
