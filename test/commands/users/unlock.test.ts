import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { codesKey } from '../../../src/limits/counter-keys.ts'
import { countGuess } from '../../../src/limits/guesses.ts'
import { PASSWORD, post, signIn } from '../../helpers/app.ts'
import { enrolApp } from '../../helpers/enrolled.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users unlock', async (t) => {
  const { fastify, run, ask } = await workplace(t, { LIMITS: 'on' })
  await post(fastify, '/register', { username: 'Ada', email: 'ada@example.com', password: PASSWORD })
  const login = async (name: object, password = PASSWORD) =>
    (await post(fastify, '/login', { ...name, password })).statusCode
  const guess = async (name: object, times: number) => {
    for (let index = 0; index < times; index++) await login(name, 'wrong')
  }
  t.strictSame(await run(['users', 'unlock', 'ada']), done('0 wrong passwords of Ada reset'))
  await guess({ username: 'ada' }, 1)
  t.strictSame(await run(['users', 'unlock', 'ada']), done('1 wrong password of Ada reset'))

  await guess({ username: 'ada' }, 10)
  t.equal(await login({ username: 'ada' }), 429)
  t.strictSame(
    await run(['users', 'unlock', 'ada@example.com']),
    done('10 wrong passwords of Ada reset, and its username no longer blocked')
  )
  t.equal(await login({ username: 'ada' }), 200)

  await guess({ username: 'ada' }, 10)
  await guess({ email: 'ada@example.com' }, 10)
  t.match(await ask('users', 'unlock', 'ada'), {
    username: 'Ada',
    wrong_passwords_reset: 20,
    were_blocked: ['username', 'email']
  })
  t.equal(await login({ email: 'ada@example.com' }), 200)
  const { user } = await signIn(fastify, { username: 'grace' })
  await enrolApp(fastify.database.open(), fastify.deriveKey('totp secrets'), user.id)
  const fail = (wrongCodes: number) => fastify.database.open().query(sql`UPDATE totp SET wrong_codes = ${wrongCodes}`)
  await fail(100)
  t.strictSame(await run(['users', 'unlock', 'grace']), done('0 wrong passwords and 100 wrong codes of grace reset'))
  const codes = { name: codesKey(fastify.deriveKey('limits'), user.id), device: undefined }
  for (let index = 0; index < 10; index++) await countGuess(fastify.database.open(), codes)
  t.strictSame(
    await run(['users', 'unlock', 'grace']),
    done('0 wrong passwords and 10 wrong codes of grace reset, and its second step no longer blocked')
  )
  await fail(1)
  t.match(await ask('users', 'unlock', 'grace'), { wrong_passwords_reset: 0, wrong_codes_reset: 1 })
  t.strictSame(await run(['users', 'unlock', 'nobody']), UNKNOWN)
})
