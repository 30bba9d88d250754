import { test } from 'tap'
import { bearer, build, post, signIn, testClock } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('keys revoke', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const fastify = await build(t, { database, clock })
  const { keys } = fastify
  const run = await operator(t, { database, clock })
  const secret = async (token: string) => (await fastify.inject({ url: '/secret', headers: bearer(token) })).statusCode
  const refused =
    'all instances refuse its tokens within 60 s, other services once their cache of the public keys expires. Clients get new tokens with their refresh tokens'

  await t.test('tells what would follow, and does nothing, in a dry run', async (t) => {
    const { kid } = keys.signingKey()
    const { code, stdout } = await run(['keys', 'revoke', '--dry-run', '--', kid])
    t.strictSame(
      [code, stdout],
      [0, `Key ${kid} would be revoked: ${refused}, signed by a new key. Nothing was changed.\n`]
    )
    const json = JSON.parse((await run(['--json', 'keys', 'revoke', '--dry-run', '--', kid])).stdout)
    t.strictSame(json, { kid, was: 'signing', revoked: false, replacement: null })
    await keys.refresh()
    t.equal(keys.signingKey().kid, kid)
  })

  await t.test('does nothing either where nobody has confirmed it', async (t) => {
    const { kid } = keys.signingKey()
    t.strictSame(await run(['keys', 'revoke', '--', kid]), {
      code: 1,
      stdout: `Key ${kid} would be revoked: ${refused}, signed by a new key.\nNothing was changed: confirm with --yes.\n`,
      stderr: ''
    })
    await keys.refresh()
    t.equal(keys.signingKey().kid, kid)
  })

  await t.test('ends what the signing key signed, and clients go on with a new one', async (t) => {
    const { access_token, refresh_token } = await signIn(fastify, { username: 'ada' })
    t.equal(await secret(access_token), 200, 'it is remembered')
    const { kid } = keys.signingKey()
    const { code, stdout, stderr } = await run(['keys', 'revoke', '--yes', '--', kid])
    await keys.refresh()
    const replacement = keys.signingKey().kid
    t.strictSame(
      [code, stdout, stderr],
      [0, `Key ${kid} is revoked: ${refused}, signed by a new key.\nKey ${replacement} signs now.\n`, '']
    )
    t.equal(await secret(access_token), 401)
    t.strictSame(
      keys.jwks().keys.map((key) => key.kid),
      [replacement]
    )
    const refreshed = (await post(fastify, '/token/refresh', { refresh_token })).json()
    t.equal(await secret(refreshed.access_token), 200)
  })

  await t.test('says what follows for a key that does not sign', async (t) => {
    const retired = keys.signingKey().kid
    const { kid: waiting } = await keys.rotate()
    t.equal(
      (await run(['keys', 'revoke', '--yes', '--', waiting])).stdout,
      `Key ${waiting} is revoked: it has not signed any token.\n`
    )
    await keys.rotate(0)
    t.equal(
      (await run(['keys', 'revoke', '--dry-run', '--', retired])).stdout.split(': ')[1],
      `${refused}. Nothing was changed.\n`
    )
    clock.advance(900 + 60)
    const { stdout } = await run(['--json', '--yes', 'keys', 'revoke', '--', retired])
    t.strictSame(JSON.parse(stdout), { kid: retired, was: 'expired', revoked: true, replacement: null })
  })

  await t.test('refuses a key that there is not, or that is revoked', async (t) => {
    t.strictSame(await run(['keys', 'revoke', 'nobody']), {
      code: 1,
      stdout: '',
      stderr: 'there is no key nobody: "keys list" shows all keys\n'
    })
    const { kid } = keys.signingKey()
    await keys.revoke(kid).catch(() => {})
    const { code, stdout, stderr } = await run(['keys', 'revoke', '--', kid])
    t.strictSame([code, stdout], [1, ''])
    t.match(stderr, new RegExp(`^key ${kid} has been revoked since \\S+Z\n$`))
  })
})
