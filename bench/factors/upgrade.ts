import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bearer } from '@latchkey/contract/suite/http'
import { Cluster } from '../shared/cluster.ts'
import { check, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { type Enrolled, factorsAt, outcome } from './client.ts'

const INTROSPECTION_KEY = 'the key of the services, 32 bytes or more'

/** A build of the last version without second factors, in the variable BEFORE. */
const { BEFORE } = process.env

/** An instance of that version and one of this, side by side on one database, as while an installation is upgraded. */
export async function besideBefore(): Promise<void> {
  title('an instance from before second factors beside a new one')
  const program = BEFORE && join(BEFORE, 'dist/src/server.js')
  if (!program || !existsSync(program)) {
    note('skipped: BEFORE names no build of an earlier version')
    return
  }
  const cluster = await Cluster.create()
  const options = { databaseUrl: cluster.url(), environment: { INTROSPECTION_KEY, LOG_LEVEL: 'error' } }
  const older = await Service.start({ ...options, program: [program] })
  const [old, early] = [factorsAt(older), await factorsAt(older).account()]
  const newer = await Service.start(options)
  const now = factorsAt(newer)

  const introspect = async (at: typeof old, token: string) => {
    const headers = bearer(INTROSPECTION_KEY)
    return (await at.client.request({ path: '/introspect', headers, body: { token } })).json
  }
  for (const [name, at] of [
    ['the old one', old],
    ['the new one', now]
  ] as const) {
    const { username } = name === 'the old one' ? early : await at.account()
    const seen: string[] = []
    for (const first of [old, now]) {
      const login = await first.login(username)
      let { access_token, refresh_token } = login.json
      seen.push(outcome(login))
      for (const next of [old, now, old]) {
        for (const each of [old, now]) {
          seen.push(outcome(await each.get('/me', access_token)), String((await introspect(each, access_token)).active))
        }
        const refreshed = await next.client.request({ path: '/token/refresh', body: { refresh_token } })
        seen.push(outcome(refreshed))
        ;({ access_token, refresh_token } = refreshed.json)
      }
      seen.push(outcome(await now.get('/sessions', access_token)), outcome(await old.get('/sessions', access_token)))
    }
    check(
      seen.every((each) => each === '200' || each === 'true'),
      `an account registered at ${name} signs in, refreshes and is introspected at either`,
      [...new Set(seen)].join(', ')
    )
  }

  const { access_token, refresh_token } = (await old.login(early.username)).json
  const { active, amr, acr, auth_time } = await introspect(now, access_token)
  check(
    active && [amr, acr, auth_time].every((each) => each === undefined),
    'the new one introspects a token of the old one as active, and of no level',
    JSON.stringify({ active, amr, acr, auth_time })
  )
  const enrolment = await now.post('/mfa/totp', access_token)
  const refreshed = await now.refresh({ refresh_token })
  const fresh = await now.post('/mfa/totp', refreshed.access_token)
  check(
    outcome(enrolment) === '401 STEP_UP_REQUIRED' && outcome(fresh) === '200',
    'a token of the old one is from long ago, and one refreshed at the new one is from the sign-in',
    `${outcome(enrolment)}, ${outcome(fresh)}`
  )

  const one: Enrolled = await now.enrolled()
  const alone = await old.login(one.username)
  const changed = await now.post('/password/change', alone.json.access_token, { new_password: 'not fresh, not aal2' })
  const asked = await now.remove('/me', alone.json.access_token, { current_password: 'wrong' })
  check(
    outcome(changed) === '401 STEP_UP_REQUIRED' && outcome(asked) === '401 STEP_UP_REQUIRED',
    'a token that the old one gave for a password alone changes nothing at the new one',
    `${outcome(changed)}, ${outcome(asked)}`
  )
  note(`known, and in the upgrade notes: the old one asks for no second step (${outcome(alone)})`)
  const logs = [newer, older].map((service) => service.log().trim())
  check(logs[0] === '', 'no error in the log of the new one', logs[0])
  if (logs[1]) note(`the log of the old one: ${logs[1]}`)
  await older.stop()
  const late = await Service.launch({ ...options, program: [program] })
  const { code } = await late.outcome(performance.now(), 30_000)
  note(`an old one that is started after the upgrade: ${code === 'still running' ? 'runs' : late.log().trim()}`)
  await newer.stop()
  cluster.kill()
}
