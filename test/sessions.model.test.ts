import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { createDatabase } from '../src/database/database.ts'
import { createRefreshToken, type RefreshToken, writeRefreshToken } from '../src/sessions/refresh-token.ts'
import { type UsedSession, useRefreshToken } from '../src/sessions/rotation.ts'
import { findSessionUser, type LiveSession, openSession } from '../src/sessions/sessions.ts'
import { findOwnCredentials } from '../src/users/credentials.ts'
import { addUser } from '../src/users/users.ts'
import { bearer, build, PASSWORD, post, type TestClock, testClock } from './helpers/app.ts'
import { migratedPool } from './helpers/pool.ts'

/**
 * Random interleavings of all that can happen to a user's sessions, against a plain model of the contract's rules. Time
 * moves in steps of 80 seconds and no rule is within 40 of one, so that how long a run takes does not matter.
 */
const IDLE = 72_040
const MAX = 144_040
const GRACE = 200

/** How many rotations a session remembers. */
const REMEMBERED = 8
const STEPS = [80, 160, 240, 8_000, 36_000, 72_000]

/** A session as the rules see it. */
interface ModelSession {
  createdAt: number
  lastUsedAt: number
  /** When each of its tokens was first used; the one after these is good. */
  used: number[]
  ended: boolean
}

interface Model {
  now: number
  sessions: ModelSession[]
}

/** The service, and what its client has been given. */
interface Real {
  fastify: FastifyInstance
  clock: TestClock
  user: { id: string; username: string }
  password: string
  sessions: { id: string; tokens: string[] }[]
}

type Command = fc.AsyncCommand<Model, Real>

const isAlive = ({ now }: Model, { ended, createdAt, lastUsedAt }: ModelSession) =>
  !ended && now - createdAt < MAX && now - lastUsedAt < IDLE

const pick = <Entry>(entries: Entry[], index: number) => entries[index % entries.length] as Entry

/** An access token made now: how long those live is another matter. */
const authorized = ({ fastify, user }: Real, { id }: { id: string }) => bearer(fastify.tokens.issue(user, id))

function expectStatus(what: string, actual: { statusCode: number; body: string }, expected: number): void {
  if (actual.statusCode !== expected)
    throw new Error(`${what}: ${actual.statusCode} in place of ${expected}: ${actual.body}`)
}

const command = (
  name: string,
  run: Command['run'],
  check: Command['check'] = ({ sessions }) => sessions.length > 0
) => ({
  check,
  run,
  toString: () => name
})

const login = () =>
  command(
    'log in',
    async (model, real) => {
      const database = real.fastify.database.open()
      const credentials = await findOwnCredentials(database, real.user.id)
      const opened = await openSession(database, real.fastify.sessions.rules, credentials as never, {
        userAgent: undefined,
        ip: '::1'
      })
      const { refreshToken } = opened as LiveSession
      real.sessions.push({ id: refreshToken.session, tokens: [writeRefreshToken(refreshToken)] })
      const { now } = model
      model.sessions.push({ createdAt: now, lastUsedAt: now, used: [], ended: false })
    },
    () => true
  )

const advance = (seconds: number) =>
  command(
    `${seconds} s pass`,
    async (model, { clock }) => {
      model.now += seconds
      clock.advance(seconds)
    },
    () => true
  )

/** Uses the token given `back` before the latest one. */
const refresh = (index: number, back: number) =>
  command(`use token -${back} of session ${index}`, async (model, real) => {
    const session = pick(model.sessions, index)
    const held = pick(real.sessions, index)
    const latest = session.used.length
    const position = Math.max(0, latest - back)
    const response = await post(real.fastify, '/token/refresh', { refresh_token: held.tokens[position] })
    const alive = isAlive(model, session)
    const recent = position >= latest - REMEMBERED && model.now - (session.used[position] ?? model.now) < GRACE
    if (alive && position === latest) {
      expectStatus('the latest token', response, 200)
      held.tokens.push(response.json().refresh_token)
      session.used.push(model.now)
      session.lastUsedAt = model.now
    } else if (alive && recent && position === latest - 1) {
      expectStatus('the token before it, within its grace', response, 200)
      const same = response.json().refresh_token === held.tokens[position + 1]
      if (!same) throw new Error('another successor')
    } else {
      expectStatus('a token that is over', response, 401)
      if (!recent) session.ended = true
    }
  })

const madeUp = (index: number) =>
  command(`use a made-up token of session ${index}`, async (_model, real) => {
    const token = createRefreshToken(pick(real.sessions, index).id)
    expectStatus(
      'made up',
      await post(real.fastify, '/token/refresh', { refresh_token: writeRefreshToken(token) }),
      401
    )
    expectStatus('made up', await post(real.fastify, '/logout', { refresh_token: writeRefreshToken(token) }), 204)
  })

const logout = (index: number, back: number) =>
  command(`log out with token -${back} of session ${index}`, async (model, real) => {
    const session = pick(model.sessions, index)
    const token = pick(real.sessions, index).tokens[Math.max(0, session.used.length - back)]
    expectStatus('logging out', await post(real.fastify, '/logout', { refresh_token: token }), 204)
    session.ended = true
  })

const endOne = (index: number, target: number) =>
  command(`end session ${target} in the name of ${index}`, async (model, real) => {
    const response = await real.fastify.inject({
      method: 'DELETE',
      url: `/sessions/${pick(real.sessions, target).id}`,
      headers: authorized(real, pick(real.sessions, index))
    })
    const ended = pick(model.sessions, target)
    const [may, can] = [isAlive(model, pick(model.sessions, index)), isAlive(model, ended)]
    expectStatus('ending one', response, may ? (can ? 204 : 404) : 401)
    if (may) ended.ended = true
  })

const endOthers = (index: number) =>
  command(`end all but session ${index}`, async (model, real) => {
    const present = pick(model.sessions, index)
    const may = isAlive(model, present)
    const headers = authorized(real, pick(real.sessions, index))
    expectStatus(
      'ending the others',
      await real.fastify.inject({ method: 'DELETE', url: '/sessions', headers }),
      may ? 204 : 401
    )
    if (may) for (const session of model.sessions) session.ended ||= session !== present
  })

const changePassword = (index: number) =>
  command(`change the password in session ${index}`, async (model, real) => {
    const present = pick(model.sessions, index)
    const may = isAlive(model, present)
    const changed = `${PASSWORD} ${randomUUID().slice(0, 8)}`
    const body = { current_password: real.password, new_password: changed }
    const response = await post(real.fastify, '/password/change', body, authorized(real, pick(real.sessions, index)))
    expectStatus('changing the password', response, may ? 204 : 401)
    if (!may) return
    real.password = changed
    for (const session of model.sessions) session.ended ||= session !== present
  })

/** After each step: whether each session is alive, and which ones are listed, which is the same in the name of any. */
async function compare(model: Model, real: Real): Promise<void> {
  const living = real.sessions.filter((_, index) => isAlive(model, model.sessions[index] as ModelSession))
  for (const session of real.sessions) {
    const headers = authorized(real, session)
    const expected = living.includes(session) ? 200 : 401
    expectStatus(`/me of ${session.id}`, await real.fastify.inject({ url: '/me', headers }), expected)
  }
  if (living.length === 0) return
  const headers = authorized(real, pick(living, model.now))
  const { sessions } = (await real.fastify.inject({ url: '/sessions', headers })).json()
  const listed = sessions.map(({ id }: { id: string }) => id).sort()
  const expected = living.map(({ id }) => id).sort()
  if (`${listed}` !== `${expected}`) throw new Error(`listed ${listed} in place of ${expected}`)
}

const compared = (inner: Command): Command => ({
  check: inner.check,
  toString: inner.toString,
  async run(model, real) {
    await inner.run(model, real)
    await compare(model, real)
  }
})

test('sessions do what a plain model of the rules does', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { REFRESH_IDLE_TTL: `${IDLE}`, REFRESH_MAX_TTL: `${MAX}`, REFRESH_GRACE: `${GRACE}`, LIMITS: 'off' }
  })
  const passwordHash = await fastify.passwords.hash(PASSWORD)
  const index = fc.nat({ max: 4 })
  const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 4 }))
  const commands = fc.commands(
    [
      fc.constant(null).map(login),
      fc.constantFrom(...STEPS).map(advance),
      fc.tuple(index, back).map(([session, token]) => refresh(session, token)),
      fc.tuple(index, back).map(([session, token]) => refresh(session, token)),
      fc.tuple(index, fc.nat({ max: 12 })).map(([session, token]) => refresh(session, token)),
      index.map(madeUp),
      fc.tuple(index, back).map(([session, token]) => logout(session, token)),
      fc.tuple(index, index).map(([session, target]) => endOne(session, target)),
      index.map(endOthers),
      index.map(changePassword)
    ].map((arbitrary) => arbitrary.map(compared)),
    { size: 'medium', maxCommands: 30 }
  )

  let runs = 0
  const property = fc.asyncProperty(commands, async (steps) => {
    const username = `user${runs++}`
    const { id } = await addUser(fastify.database.open(), { username, passwordHash })
    const real: Real = { fastify, clock, user: { id, username }, password: PASSWORD, sessions: [] }
    await fc.asyncModelRun(() => ({ model: { now: 0, sessions: [] }, real }), [login(), ...steps])
  })
  const result = await fc.check(property, { numRuns: 40, endOnFailure: false })
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? `${result.numRuns} interleavings`)
})

/** Sessions of one user, used without HTTP, with a clock for each. */
async function rotations(t: Test) {
  const pool = await migratedPool(t)
  const user = await addUser(createDatabase(pool, { timeout: 600_000 }), { username: 'ada', passwordHash: 'x' })
  return async () => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 600_000 })
    const rules = {
      REFRESH_IDLE_TTL: IDLE,
      REFRESH_MAX_TTL: MAX,
      REFRESH_GRACE: GRACE,
      successorKey: Buffer.alloc(32)
    }
    const credentials = { id: user.id, password_version: 1 }
    const opened = await openSession(database, rules, credentials, { userAgent: undefined, ip: '::1' })
    const { refreshToken: token } = opened as LiveSession
    return {
      clock,
      token,
      use: (presented: RefreshToken) => useRefreshToken(database, rules, presented),
      isAlive: async () => Boolean(await findSessionUser(database, rules, { sid: token.session, sub: user.id }))
    }
  }
}

test('a token first used before the grace never leaves its session alive', async (t) => {
  const begin = await rotations(t)
  const gap = fc.constantFrom(0, 80, 160, 240)
  const property = fc.asyncProperty(
    fc.array(gap, { minLength: 1, maxLength: 15 }),
    fc.nat({ max: 14 }),
    async (gaps, choice) => {
      const { clock, token, use, isAlive } = await begin()
      const tokens = [token]
      const ages: number[] = []
      for (const seconds of gaps) {
        const { refreshToken } = (await use(tokens.at(-1) as RefreshToken)) as UsedSession
        tokens.push(refreshToken)
        ages.push(0)
        clock.advance(seconds)
        for (const index of ages.keys()) ages[index] = (ages[index] as number) + seconds
      }
      const replayed = choice % ages.length
      fc.pre((ages[replayed] as number) >= GRACE)
      const { refused } = (await use(tokens[replayed] as RefreshToken)) as { refused: string }
      if (refused !== 'replayed' || (await isAlive())) throw new Error(`${refused}, and the session lives`)
    }
  )
  const result = await fc.check(property, { numRuns: 60 })
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? `${result.numRuns} sessions`)
})

test('tabs that use one token within its grace get the same successor', async (t) => {
  const begin = await rotations(t)
  /** In each round, how many tabs come at once after a while, which is never as long as the grace in all. */
  const round = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat({ max: 4 }), fc.nat({ max: 4 }))
  const property = fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 12 }), async (rounds) => {
    const { clock, token, use, isAlive } = await begin()
    let present = token
    for (const groups of rounds) {
      const successors = new Set<string>()
      for (const [index, tabs] of groups.entries()) {
        if (index > 0) clock.advance(80)
        for (const used of await Promise.all(Array.from({ length: tabs }, () => use(present)))) {
          if ('refused' in used) throw new Error(used.refused)
          successors.add(writeRefreshToken(used.refreshToken))
        }
      }
      if (successors.size !== 1) throw new Error(`${successors.size} successors`)
      const { refreshToken } = (await use(present)) as UsedSession
      present = refreshToken
    }
    if (!(await isAlive())) throw new Error('the session has ended')
  })
  const result = await fc.check(property, { numRuns: 40 })
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? `${result.numRuns} sessions`)
})
