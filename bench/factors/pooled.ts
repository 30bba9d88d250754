import type { Answer } from '@latchkey/contract/suite/http'
import { Cluster } from '../shared/cluster.ts'
import { PgBouncer } from '../shared/pgbouncer.ts'
import { check, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { factorsAt, outcome } from './client.ts'

/** All that an account can do with factors, alternating between two instances behind PgBouncer in transaction mode. */
export async function behindPgBouncer(): Promise<void> {
  title('PgBouncer')
  const cluster = await Cluster.create()
  const pgbouncer = await PgBouncer.before(cluster)
  if (!pgbouncer) {
    note('skipped: there is no PgBouncer here')
    cluster.kill()
    return
  }
  const databaseUrl = cluster.url(pgbouncer.port)
  const start = () => Service.start({ databaseUrl, environment: { LOG_LEVEL: 'error' } })
  const services = [await start(), await start()] as const
  const [one, other] = [factorsAt(services[0]), factorsAt(services[1])]

  const seen: string[] = []
  const see = (answer: Answer) => {
    seen.push(outcome(answer))
    return answer.json
  }
  const account = await one.account()
  const { secret } = see(await other.post('/mfa/totp', account.access_token))
  const app = one.appOf(secret)
  const { codes } = see(await one.post('/mfa/totp/confirm', account.access_token, { totp: await app.next() }))
  const { challenge } = see(await other.login(account.username))
  const session = see(await one.secondStep(challenge.mfa_token, { totp: await app.next() }))
  const raised = see(await other.post('/token/step-up', session.access_token, { recovery_code: codes[0] }))
  const key = one.authenticator()
  const { public_key } = see(await one.post('/passkeys/options', raised.access_token))
  const passkey = see(await other.post('/passkeys', raised.access_token, { credential: key.create(public_key) }))
  const credential = key.get(await one.requestOptions())
  const uses = await Promise.all(
    [one, other, one, other].map((at) => at.client.request({ path: '/login/passkey', body: { credential } }))
  )
  const { challenge: next } = see(await one.login(account.username))
  const last = see(await other.secondStep(next.mfa_token, { credential: key.get(next.public_key) }))
  see(await one.post('/mfa/recovery-codes', last.access_token))
  see(await other.patch(`/passkeys/${passkey.id}`, last.access_token, { name: 'Mine' }))
  see(await one.remove('/mfa/totp', last.access_token))
  see(await other.remove(`/passkeys/${passkey.id}`, last.access_token))
  see(await one.login(account.username))
  const expected = '200, 200, 403 MFA_REQUIRED, 200, 200, 200, 201, 403 MFA_REQUIRED, 200, 200, 200, 204, 204, 200'
  check(
    seen.join(', ') === expected,
    'enrolment, sign-in, step-up, passkeys and their removal over two instances',
    seen.join(', ')
  )
  const outcomes = uses.map(outcome).sort().join(', ')
  check(
    outcomes === ['200', ...Array(3).fill('401 PASSKEY_INVALID')].join(', '),
    'a passkey’s answer at both at once signs in once',
    outcomes
  )

  const steps = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const many = await one.enrolled()
      const { mfa_token } = await other.challenge(many.username)
      const answers = await Promise.all(
        many.codes
          .slice(0, 5)
          .map((recovery_code, index) => (index % 2 ? one : other).secondStep(mfa_token, { recovery_code }))
      )
      const { json } = await one.get('/mfa', many.access_token)
      return `${answers.filter(({ status }) => status === 200).length} of 5, ${json.recovery_codes} codes left`
    })
  )
  check(
    steps.every((each) => each === '1 of 5, 9 codes left'),
    'five right codes for one step at both at once: one session, one code used',
    [...new Set(steps)].join('; ')
  )
  const logs = services.map((service) => service.log().trim()).filter(Boolean)
  check(logs.length === 0, 'no error in the log', logs.join('\n'))
  for (const service of services) await service.stop()
  await pgbouncer.stop()
  cluster.kill()
}
