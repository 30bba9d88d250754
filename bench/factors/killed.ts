import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { frequencies } from '@latchkey/compare/report/frequencies'
import { Cluster } from '../shared/cluster.ts'
import { check, milliseconds, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { type Enrolled, factorsAt, outcome } from './client.ts'

/** The number of accounts whose second steps are in flight at a kill. */
const AT_ONCE = 8

/** The number of kills. Each uses a recovery code of each account, which has ten. */
const KILLS = 6

/** A service that can be killed and started again, on one database and with one address. */
interface Victim {
  factors: ReturnType<typeof factorsAt>
  kill(): Promise<void>
  start(): Promise<void>
}

/** `kill -9` of the service, between the steps of sign-ins and during the second, on both databases. */
export async function killed(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-killed-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  await tryOn('the embedded database', { environment: { DATA_DIR: join(folder, 'data') } })
  const cluster = await Cluster.create()
  await tryOn('PostgreSQL', { databaseUrl: cluster.url() })
  cluster.kill()
}

async function tryOn(name: string, options: { databaseUrl?: string; environment?: Record<string, string> }) {
  title(`kill -9, on ${name}`)
  let service = await Service.start({ ...options })
  const port = Number(new URL(service.base).port)
  const victim: Victim = {
    factors: factorsAt(service),
    async kill() {
      await service.stop('SIGKILL')
    },
    async start() {
      service = await Service.start({ ...options, port })
    }
  }
  await betweenSteps(victim)
  await duringSteps(victim)
  await service.stop()
}

/** The step and its challenge are valid at the next process. */
async function betweenSteps({ factors, kill, start }: Victim): Promise<void> {
  const one = await factors.enrolled()
  const { key } = await factors.addPasskey(one.access_token)
  const challenges = [await factors.challenge(one.username), await factors.challenge(one.username)]
  const [first, second] = challenges
  const credential = key.get(first.public_key)
  const signIn = key.get(await factors.requestOptions())
  await kill()
  await start()
  const seen = [
    await factors.secondStep(first.mfa_token, { credential }),
    await factors.secondStep(first.mfa_token, { recovery_code: one.codes[0] }),
    await factors.secondStep(second.mfa_token, { recovery_code: one.codes[0] }),
    await factors.client.request({ path: '/login/passkey', body: { credential: signIn } }),
    await factors.client.request({ path: '/login/passkey', body: { credential: signIn } }),
    await factors.get('/mfa', one.access_token)
  ].map(outcome)
  check(
    seen.join(', ') === '200, 401 MFA_TOKEN_INVALID, 200, 200, 401 PASSKEY_INVALID, 200',
    'after a kill between the steps, the next process takes the second one, and a passkey, once',
    seen.join(', ')
  )
}

/** Kills the service while second steps are in flight: each happened completely or not at all. */
async function duringSteps({ factors, kill, start }: Victim): Promise<void> {
  const accounts = await Promise.all(Array.from({ length: AT_ONCE }, () => factors.enrolled()))

  /** The number of sessions, and of recovery codes left. */
  async function stateOf({ access_token }: Enrolled) {
    const [sessions, mfa] = [await factors.get('/sessions', access_token), await factors.get('/mfa', access_token)]
    return { sessions: sessions.json.sessions.length as number, codes: mfa.json.recovery_codes as number }
  }

  async function begin(one: Enrolled) {
    const { mfa_token } = await factors.challenge(one.username)
    return { one, mfa_token: mfa_token as string, before: await stateOf(one) }
  }

  const warm = await Promise.all(accounts.map(begin))
  const began = performance.now()
  await Promise.all(
    warm.map(({ one, mfa_token }) => factors.secondStep(mfa_token, { recovery_code: one.codes[KILLS] }))
  )
  const usual = performance.now() - began

  const results: string[] = []
  const wrong: string[] = []
  for (let round = 0; round < KILLS; round += 1) {
    const steps = await Promise.all(accounts.map(begin))
    const take = ({ one, mfa_token }: (typeof steps)[number]) =>
      factors.secondStep(mfa_token, { recovery_code: one.codes[round] }).then(outcome, () => 'no answer')
    const answers = steps.map(take)
    await pause(((round + 1) / KILLS) * usual)
    await kill()
    await start()
    await Promise.all(
      steps.map(async (step, index) => {
        const answer = await answers[index]
        const after = await stateOf(step.one)
        const [opened, used] = [after.sessions - step.before.sessions, step.before.codes - after.codes]
        const again = await take(step)
        const isDone = opened === 1 && used === 1 && again === '401 MFA_TOKEN_INVALID'
        const isUndone = opened === 0 && used === 0 && again === '200' && answer === 'no answer'
        const what = isDone ? 'done' : 'not done'
        results.push(`${answer === 'no answer' ? answer : 'answered'} and ${what}`)
        if (!isDone && !isUndone) wrong.push(`${answer}: ${opened} sessions and ${used} codes, then ${again}`)
      })
    )
  }
  note(`${frequencies(results)}; ${AT_ONCE} at once usually take ${milliseconds(usual)}`)
  check(
    wrong.length === 0,
    `of ${results.length} second steps in flight at ${KILLS} kills, each used its step and its code and opened a session, or did nothing`,
    frequencies(wrong)
  )
}
