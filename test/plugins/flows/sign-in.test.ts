import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn } from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'

const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

test('POST /login refuses who loses the account while the password is checked', async (t) => {
  const fastify = await build(t)
  const database = fastify.database.open()
  const { verify } = fastify.passwords
  t.teardown(() => {
    fastify.passwords.verify = verify
  })

  const changes: [string, (username: string) => Promise<unknown>][] = [
    ['because it was deleted', (username) => database.query(sql`DELETE FROM users WHERE username = ${username}`)],
    [
      'because its password was changed',
      (username) =>
        database.query(sql`UPDATE users SET password_version = password_version + 1 WHERE username = ${username}`)
    ],
    [
      'because it was disabled',
      (username) => database.query(sql`UPDATE users SET disabled_at = now() WHERE username = ${username}`)
    ]
  ]
  for (const [index, [what, change]] of changes.entries()) {
    await t.test(what, async (t) => {
      const username = `user${index}`
      await signIn(fastify, { username })
      const before = await database.query(sql`SELECT id FROM sessions`)
      fastify.passwords.verify = async (...given) => {
        const matches = await verify(...given)
        await change(username)
        return matches
      }
      const response = await post(fastify, '/login', { username, password: PASSWORD })
      fastify.passwords.verify = verify
      t.strictSame(answer(response), { statusCode: 401, body: WRONG })
      const after = await database.query(sql`SELECT id FROM sessions`)
      t.ok(after.length <= before.length, 'no session was opened')
    })
  }
})

test('POST /login gives the username as it is when the session begins', async (t) => {
  const fastify = await build(t)
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const { verify } = fastify.passwords
  fastify.passwords.verify = async (...given) => {
    const matches = await verify(...given)
    await fastify.inject({
      method: 'PATCH',
      url: '/me',
      headers: bearer(access_token),
      payload: { username: 'lovelace' }
    })
    return matches
  }
  const response = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  t.equal(response.statusCode, 200)
  t.match(await fastify.tokens.verify(response.json().access_token), { preferred_username: 'lovelace' })
})

test('POST /login to a disabled account', async (t) => {
  const database = await migratedDatabase(t)
  const cheap = await build(t, { database })
  const fastify = await build(t, { database, environment: { BCRYPT_COST: '11', LIMITS: 'on' } })
  await signIn(cheap, { username: 'ada', email: 'ada@example.com' })
  const stored = () => fastify.database.open().query(sql`SELECT password_hash FROM users`)
  await fastify.database.open().query(sql`UPDATE users SET disabled_at = now()`)
  const before = await stored()

  const { verify, hash } = fastify.passwords
  let hashes: unknown[] = []
  fastify.passwords.verify = (password, present, signal) => {
    hashes.push(present)
    return verify(password, present, signal)
  }
  fastify.passwords.hash = (...given) => {
    hashes.push('another')
    return hash(...given)
  }
  t.beforeEach(async () => {
    await fastify.database.open().query(sql`TRUNCATE limits`)
    hashes = []
  })

  await t.test('is refused like a wrong password, for the same work', async (t) => {
    for (const password of [PASSWORD, 'wrong']) {
      for (const name of [{ username: 'ada' }, { email: 'ADA@example.com' }]) {
        hashes = []
        const response = await post(fastify, '/login', { ...name, password, cookie: true })
        t.strictSame(answer(response), { statusCode: 401, body: WRONG })
        t.equal(response.headers['www-authenticate'], 'Bearer')
        t.equal(response.headers['set-cookie'], undefined)
        t.strictSame(hashes, [before[0]?.password_hash], 'one check of its own hash, and no new one')
      }
    }
    t.strictSame(await stored(), before)
  })

  await t.test('is counted like a wrong password', async (t) => {
    // The count is what is looked at here, and no hash.
    fastify.passwords.verify = async (password, present) => present !== undefined && password === PASSWORD
    for (const username of ['ada', 'nobody']) {
      const statuses = []
      for (let index = 0; index < 11; index++) {
        statuses.push((await post(fastify, '/login', { username, password: PASSWORD })).statusCode)
      }
      t.strictSame(statuses, [...Array(10).fill(401), 429])
    }
    fastify.passwords.verify = verify
  })

  await t.test('succeeds again once it is enabled', async (t) => {
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = NULL`)
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  })
})

test('POST /login makes a new hash when BCRYPT_COST has changed', async (t) => {
  const database = await migratedDatabase(t)
  const cheap = await build(t, { database, environment: { BCRYPT_COST: '10' } })
  const dear = await build(t, { database, environment: { BCRYPT_COST: '11' } })
  const hashOf = async (username: string): Promise<string> => {
    const [row] = await cheap.database.open().query(sql`SELECT password_hash FROM users WHERE username = ${username}`)
    return row?.password_hash
  }
  const login = (fastify: typeof cheap, username: string, password = PASSWORD) =>
    post(fastify, '/login', { username, password })

  await t.test('upward and downward, and only with the right password', async (t) => {
    await signIn(cheap, { username: 'ada' })
    const first = await hashOf('ada')
    t.match(first, /^\$2b\$10\$/)

    t.strictSame(answer(await login(dear, 'ada', 'wrong')), { statusCode: 401, body: WRONG })
    t.equal(await hashOf('ada'), first, 'a wrong password changes nothing')

    t.equal((await login(dear, 'ada')).statusCode, 200)
    const second = await hashOf('ada')
    t.match(second, /^\$2b\$11\$/)

    t.equal((await login(dear, 'ada')).statusCode, 200)
    t.equal(await hashOf('ada'), second, 'and nothing changes where the cost is right')

    t.equal((await login(cheap, 'ada')).statusCode, 200)
    t.match(await hashOf('ada'), /^\$2b\$10\$/)
  })

  await t.test('for the right password in either Unicode form', async (t) => {
    await post(cheap, '/register', { username: 'zoe', password: 'Zoë und Zoë'.normalize('NFC') })
    t.equal((await login(dear, 'zoe', 'Zoë und Zoë'.normalize('NFD'))).statusCode, 200)
    t.match(await hashOf('zoe'), /^\$2b\$11\$/)
    t.equal((await login(dear, 'zoe', 'Zoë und Zoë'.normalize('NFC'))).statusCode, 200)
  })

  await t.test('and lets in everybody who signs in with it at once', async (t) => {
    await post(cheap, '/register', { username: 'busy', password: PASSWORD })
    const answers = await Promise.all([login(dear, 'busy'), login(dear, 'busy'), login(dear, 'busy')])
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 200, 200]
    )
    t.match(await hashOf('busy'), /^\$2b\$11\$/)
    const sessions = await cheap.database
      .open()
      .query(sql`SELECT sessions.id FROM sessions JOIN users ON users.id = user_id WHERE username = 'busy'`)
    t.equal(sessions.length, 3)
  })
})
