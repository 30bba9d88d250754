import { type Test, test } from 'tap'
import { build, makeAdministrator } from './application.ts'
import {
  type Answer,
  bearer,
  CONTRACT_ADMIN_PASSWORD,
  CONTRACT_ADMIN_USERNAME,
  CONTRACT_URL,
  createClient,
  injectedInto,
  PASSWORD,
  signIn,
  unique
} from './client.ts'
import type { Request } from './http.ts'

const claimsOf = (token: string) => JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString())

/** An administrator of the service, with a token that is new. */
async function open(t: Test): Promise<{ request: Request; token: string }> {
  const login = async (request: Request, username: string | undefined, password: string | undefined) => {
    const { json } = await request({ path: '/login', body: { username, password } })
    return { request, token: json.access_token }
  }
  if (CONTRACT_URL) {
    const { request } = await createClient(t)
    return login(request, CONTRACT_ADMIN_USERNAME, CONTRACT_ADMIN_PASSWORD)
  }
  const application = await build(t, { environment: { LIMITS: 'off' } })
  const request = injectedInto(application)
  const username = unique('root')
  const { user } = await signIn({ request }, { username })
  await makeAdministrator(application, user.id)
  return login(request, username, PASSWORD)
}

test('Administration', async (t) => {
  if (CONTRACT_URL && !CONTRACT_ADMIN_USERNAME) {
    const reason = 'set CONTRACT_ADMIN_USERNAME and CONTRACT_ADMIN_PASSWORD to those of an administrator'
    t.ok(CONTRACT_URL, reason, { skip: reason })
    return
  }
  const { request, token } = await open(t)
  const caller =
    (credentials: string) =>
    (method: string, path: string, body?: unknown, headers = {}) =>
      request({
        method,
        path: `/admin${path}`,
        headers: { ...bearer(credentials), ...headers },
        ...(body ? { body } : {})
      })
  const admin = caller(token)
  const names = { username: unique('ada') }
  const ada = await signIn({ request }, names)
  const root = claimsOf(token).sub
  const refused = (t: Test, { status, json, headers }: Answer, expected: [number, string, string?]) =>
    t.strictSame([status, json.code, headers['www-authenticate']], [...expected, ...(expected[2] ? [] : [undefined])])

  await t.test('access tokens carry the roles of the account, and the issuer as their client', async (t) => {
    const [hers, ours] = [claimsOf(ada.access_token), claimsOf(token)]
    t.match(ours, { roles: ['admin'], client_id: ours.iss })
    t.strictSame([hers.roles, hers.client_id], [undefined, hers.iss])
  })

  await t.test('only accounts with a role may call, by the database and not by the token', async (t) => {
    const scope = 'Bearer error="insufficient_scope"'
    for (const path of ['/users', `/users/${ada.user.id}`, '/audit', '/stats', '/keys', '/service-keys']) {
      refused(t, await request({ path: `/admin${path}` }), [401, 'TOKEN_MISSING', 'Bearer'])
      refused(t, await caller(ada.access_token)('GET', path), [403, 'FORBIDDEN', scope])
      t.equal((await admin('GET', path)).status, 200, path)
    }
    await admin('PATCH', `/users/${ada.user.id}`, { roles: ['support'] })
    const support = caller(ada.access_token)
    t.equal((await support('GET', '/users')).status, 200, 'with a token from before')
    refused(t, await support('POST', '/users', { username: unique() }), [403, 'FORBIDDEN', scope])
    refused(t, await support('PATCH', `/users/${root}`, { disabled: true }), [403, 'ROLE_PROTECTED'])
    await admin('PATCH', `/users/${ada.user.id}`, { roles: [] })
    refused(t, await support('GET', '/users'), [403, 'FORBIDDEN', scope])
  })

  await t.test('accounts are created, found, changed as a whole or not at all, and deleted', async (t) => {
    const username = unique('bob')
    const created = await admin('POST', '/users', {
      username,
      password: PASSWORD,
      metadata: { plan: 'free', seats: 2 }
    })
    const { id } = created.json
    t.match(created, { status: 201, json: { username, email: null, roles: [], disabled_at: null, has_password: true } })
    t.match((await admin('GET', `/users?username=${username}`)).json.users, [{ id }])
    const patch = { roles: ['editor'], metadata: { plan: 'pro', seats: null }, disabled: true }
    refused(t, await admin('PATCH', `/users/${id}`, { ...patch, username: names.username }), [409, 'ACCOUNT_EXISTS'])
    t.match((await admin('GET', `/users/${id}`)).json, { roles: [], metadata: { plan: 'free', seats: 2 } })
    const { status, json } = await admin('PATCH', `/users/${id}`, patch)
    t.equal(status, 200)
    t.strictSame([json.roles, json.metadata, typeof json.disabled_at], [['editor'], { plan: 'pro' }, 'string'])
    const login = await request({ path: '/login', body: { username, password: PASSWORD } })
    t.match(login, { status: 401, json: { code: 'INVALID_CREDENTIALS' } })
    t.equal((await admin('DELETE', `/users/${id}`)).status, 204)
    refused(t, await admin('GET', `/users/${id}`), [404, 'NOT_FOUND'])

    const { records } = (await admin('GET', `/audit?account=${id}&by=${root}`)).json
    const actions = records.map(({ action, actor }: Record<string, string>) => `${actor}: ${action}`)
    const done = ['user deleted', 'user disabled', 'roles changed', 'user changed', 'user created']
    t.strictSame(
      actions,
      done.map((action) => `admin: ${action}`)
    )
    t.notMatch(JSON.stringify(records), username, 'without names')
  })

  await t.test(
    'a service key does what its scopes say, never makes an operator, and ends when it is revoked',
    async (t) => {
      const scopes = ['users:read', 'users:write']
      const { status, json } = await admin('POST', '/service-keys', { name: unique('machine'), scopes })
      t.match({ status, json }, { status: 201, json: { scopes, key: /^lk_\w+$/, revoked_at: null } })
      t.notMatch((await admin('GET', '/service-keys')).body, json.key, 'it is shown once')
      const key = caller(json.key)
      t.equal((await key('GET', '/users')).status, 200)
      const lacking = 'Bearer error="insufficient_scope", scope="audit:read"'
      refused(t, await key('GET', '/audit'), [403, 'FORBIDDEN', lacking])
      refused(t, await key('POST', '/users', { username: unique(), roles: ['admin'] }), [403, 'ROLE_PROTECTED'])
      refused(t, await key('DELETE', `/users/${root}`), [403, 'ROLE_PROTECTED'])
      t.equal(
        (await key('GET', '/users', undefined, { origin: 'https://app.example.com' })).status,
        403,
        'in a browser'
      )
      t.equal((await admin('DELETE', `/service-keys/${json.id}`)).status, 204)
      refused(t, await key('GET', '/users'), [401, 'TOKEN_INVALID', 'Bearer error="invalid_token"'])
    }
  )

  if (CONTRACT_URL) return
  await t.test('the last administrator stays', async (t) => {
    for (const patch of [{ roles: [] }, { disabled: true }]) {
      refused(t, await admin('PATCH', `/users/${root}`, patch), [409, 'LAST_ADMIN'])
    }
    refused(t, await admin('DELETE', `/users/${root}`), [409, 'LAST_ADMIN'])
  })
})
