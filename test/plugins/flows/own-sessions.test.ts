import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, build, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { recorded } from '../../helpers/second-factor.ts'

test('the sessions of a signed-in user', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const database = fastify.database.open()
  let users = 0
  const actions = ['session ended', 'sessions ended']

  async function begin() {
    const username = `user${users++}`
    const { access_token: token, user } = await signIn(fastify, { username })
    const { sid } = await fastify.tokens.verify(token)
    const login = () => post(fastify, '/login', { username, password: PASSWORD })
    return { token: token as string, account: user.id as string, sid, login }
  }
  const end = (token: string, id: string) =>
    fastify.inject({ method: 'DELETE', url: `/sessions/${id}`, headers: bearer(token) })
  const active = async (account: string) =>
    (await database.query(sql`SELECT FROM sessions WHERE user_id = ${account} AND ended_at IS NULL`)).length

  await t.test('end one by one, also the current one, and never that of another user', async (t) => {
    const [ada, eve] = [await begin(), await begin()]
    const other = (await fastify.tokens.verify((await ada.login()).json().access_token)).sid
    t.match((await end(ada.token, eve.sid)).json(), { code: 'NOT_FOUND' })
    t.match((await end(ada.token, randomUUID())).json(), { code: 'NOT_FOUND' })
    t.equal((await end(ada.token, other)).statusCode, 204)
    t.match((await end(ada.token, other)).json(), { code: 'NOT_FOUND' })
    t.equal((await end(ada.token, ada.sid)).statusCode, 204)
    t.match((await end(ada.token, ada.sid)).json(), { code: 'TOKEN_INVALID' })
    t.strictSame([await active(ada.account), await active(eve.account)], [0, 1])
    const record = { action: 'session ended', session: true, detail: null }
    t.strictSame(await recorded(fastify, ada.account, ...actions), [record, record])
    t.strictSame(await recorded(fastify, eve.account, ...actions), [])
  })

  await t.test('do not end by a session that has ended meanwhile', async (t) => {
    const ada = await begin()
    const other = (await fastify.tokens.verify((await ada.login()).json().access_token)).sid
    meanwhile(fastify, 1, () =>
      database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE id = ${ada.sid}`)
    )
    t.match((await end(ada.token, other)).json(), { code: 'TOKEN_INVALID' })
    t.equal(await active(ada.account), 1)
    t.strictSame(await recorded(fastify, ada.account, ...actions), [])
  })

  await t.test('all others end at once, and a device that is known stays known', async (t) => {
    const { token, account, login } = await begin()
    const { cookies } = await login()
    const device = String(cookies.find(({ name }) => name === 'latchkey_device')?.value)
    const rows: [what: string, cookie: string | undefined][] = [
      ['without a cookie', undefined],
      ['with a forged one', 'x'],
      ['with one that was valid until then', device]
    ]
    const endOthers = (cookie: string | undefined) =>
      fastify.inject({
        method: 'DELETE',
        url: '/sessions',
        headers: { ...bearer(token), ...(cookie && { cookie: `latchkey_device=${cookie}` }) }
      })
    const known = await endOthers(device)
    t.equal(known.statusCode, 204)
    t.match(known.cookies, [{ name: 'latchkey_device', value: String }])
    for (const [what, cookie] of rows) {
      await login()
      const response = await endOthers(cookie)
      t.equal(response.statusCode, 204, what)
      t.strictSame(response.cookies, [], what)
      t.equal(await active(account), 1, what)
    }
    const counts = (await recorded(fastify, account, ...actions)).map(({ detail }) => detail)
    t.strictSame(counts, [{ count: 1 }, { count: 1 }, { count: 1 }, { count: 1 }])
  })
})
