import { test } from 'tap'
import { check, surfaceOf } from '../src/check.ts'
import { ServiceError } from '../src/measure/load.ts'
import { hollow, ownService, serve } from './services.ts'

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
  t.strictSame(surfaceOf(dialect), {
    register: { path: '/register', status: 201, extra: { terms: true } },
    login: { path: '/sessions', status: 201, extra: {} },
    secret: { path: '/secret' },
    name: 'mail',
    isEmail: true,
    password: 'password',
    token: 'jwt'
  })
  const other = surfaceOf({
    paths: { register: '/users', secret: '/me' },
    fields: { password: 'phrase' },
    statuses: { registered: 200 },
    login: { extra: { tenant: 't' } }
  })
  t.strictSame(other, {
    ...surfaceOf(),
    register: { path: '/users', status: 200, extra: {} },
    login: { path: '/login', status: 200, extra: { tenant: 't' } },
    secret: { path: '/me' },
    password: 'phrase'
  })
  t.end()
})

/** Without the seconds: a token may have lived for one. */
const timeless = (text: string) => text.replace(/\d+ s:/, '… s:')

const EXPIRED =
  'an expired token is refused: a token lives … s: give the service one of 30 s at most, or name its secret with secret_env'

test('our own service keeps the contract', async (t) => {
  const { differences, ...rest } = await check({ name: 'ours', url: await ownService(t) })
  t.strictSame(rest, {
    surface: surfaceOf(),
    contract: 'keeps the core: 12 hold, 0 differ by choice, 1 not checked'
  })
  t.strictSame(differences.map(timeless), [EXPIRED])
})

test('what differs by choice is told', async (t) => {
  const dialect = { paths: { register: '/users' }, lacks: { tampered: 'by choice' } }
  const folder = t.testdir({ 'dialect.json': JSON.stringify(dialect) })
  const url = await ownService(t, (request) => {
    request.url = request.url?.replace('/users', '/register')
    return false
  })
  const { surface, contract, differences } = await check({ name: 'ours', url, dialect: `${folder}/dialect.json` })
  t.strictSame(surface, surfaceOf(dialect))
  t.equal(contract, 'keeps the core: 10 hold, 1 differ by choice, 2 not checked')
  t.strictSame(differences.map(timeless), [
    'a registration answers with the user: the path is /users in place of /register',
    'a tampered token is refused: by choice',
    EXPIRED
  ])
})

test('a secret that was made for the target is known to the check', async (t) => {
  const folder = t.testdir({ 'dialect.json': '{"secret_env": "COMPARE_TEST_SECRET"}' })
  const target = { name: 'ours', url: await ownService(t), dialect: `${folder}/dialect.json` }
  const environment = { COMPARE_TEST_SECRET: 'not that of ours' }
  await t.rejects(check({ ...target, environment }), { message: /a living token made with the secret/ })
})

test('what does not keep it is told with its faults', async (t) => {
  const error = await check({ name: 'hollow', url: await serve(t, hollow) }).catch((error) => error)
  t.match(error, {
    constructor: ServiceError,
    message: /^hollow does not keep the contract:\n {2}\S.*\n( {2}.*\n)* {2}a wrong password.*401/
  })
})
