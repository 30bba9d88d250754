import { test } from 'tap'
import { surfaceOf } from '../../../bench/compare/check.ts'

test('a dialect says how a service is spoken to', (t) => {
  t.strictSame(surfaceOf(), {
    register: { path: '/register', status: 201, extra: {} },
    login: { path: '/login', status: 200, extra: {} },
    secret: { path: '/secret' },
    name: 'username',
    isEmail: false,
    password: 'password',
    token: 'access_token'
  })
  const dialect = {
    name: 'Another',
    paths: { login: '/sessions' },
    identifier: 'email' as const,
    fields: { email: 'mail', access_token: 'jwt' },
    statuses: { signed_in: 201, invalid: 422 },
    register: { extra: { terms: true } },
    folds_names: true
  }
  t.match(surfaceOf(dialect), {
    register: { path: '/register', status: 201, extra: { terms: true } },
    login: { path: '/sessions', status: 201 },
    name: 'mail',
    isEmail: true,
    token: 'jwt'
  })
  t.end()
})
