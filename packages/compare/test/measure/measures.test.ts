import { getPriority } from 'node:os'
import type { Test } from 'tap'
import { test } from 'tap'
import { surfaceOf } from '../../src/check.ts'
import { Unexpected } from '../../src/measure/load.ts'
import {
  bcryptAlone,
  hurrying,
  measureLogin,
  measureMemory,
  measureRegister,
  measureSecret,
  measureStorm
} from '../../src/measure/measures.ts'
import { Subject } from '../../src/measure/subject.ts'
import { Notebook } from '../../src/report/figures.ts'
import { hollow, serve } from '../services.ts'

/** As little as may be: it is shown that it works, not how fast. */
const settings = { rounds: 1, seconds: 0.05, connections: 2, clients: 2, storm: 2, cost: 4 }

/** Hashes a second of bcrypt alone: 20 in these seconds. */
const ALONE = 400

async function settled(t: Test, listener = hollow): Promise<Subject> {
  const subject = new Subject({ name: 'ours', url: await serve(t, listener) }, surfaceOf())
  subject.adopt(['ada'])
  subject.token = 'good'
  return subject
}

/** The names of what was noted, and whether that is a number above zero. */
const noted = ({ figures }: Notebook) =>
  Object.fromEntries(Object.entries(figures).map(([name, { ours }]) => [name, Number(ours?.[0]) > 0]))

test('bcrypt alone has a rate, however little time it is given', async (t) => {
  t.ok((await bcryptAlone({ seconds: 0.001, cost: 4 })) > 1)
  t.ok((await bcryptAlone({ seconds: 0.05, cost: 4 })) > 1)
})

test('answers of /secret, with their CPU time where its processes are known', async (t) => {
  const subject = await settled(t)
  const notes = new Notebook()
  await measureSecret(subject, settings, notes)
  t.strictSame(noted(notes), { secretRate: true, secretP50: true, secretP99: true, secretCpu: false })
  t.strictSame(notes.figures.secretCpu, { ours: [null] })
  subject.pids = [process.pid]
  await measureSecret(subject, settings, notes)
  t.type(notes.figures.secretCpu?.ours?.[0], 'number')
})

test('logins and registrations, and their share of bcrypt alone', async (t) => {
  const counts: Record<string, number> = {}
  const subject = await settled(t, (request, response) => {
    counts[`${request.url}`] = (counts[`${request.url}`] ?? 0) + 1
    hollow(request, response)
  })
  const notes = new Notebook()
  await measureLogin(subject, settings, notes, ALONE)
  await measureRegister(subject, { ...settings, clients: 3 }, notes, 1)
  t.strictSame(counts, { '/login': 2 + 20, '/register': 3 + 8 })
  t.strictSame(noted(notes), {
    loginRate: true,
    loginShare: true,
    loginP50: true,
    registerRate: true,
    registerShare: true
  })
  const { loginRate, loginShare } = notes.figures
  t.equal(loginShare?.ours?.[0], (Number(loginRate?.ours?.[0]) / ALONE) * 100)
})

test('memory is noted, where the processes are known', async (t) => {
  const subject = await settled(t)
  const notes = new Notebook()
  measureMemory(subject, notes)
  t.strictSame(notes.figures, { memory: { ours: [null] } })
})

test('a storm is measured beside an empty server', async (t) => {
  const subject = await settled(t)
  const control = await serve(t, (_request, response) => response.end())
  const notes = new Notebook()
  t.ok((await measureStorm(subject, settings, notes, { alone: ALONE, control: control.href })) > 0)
  t.strictSame(noted(notes), { stormP50: true, stormP99: true, stormMax: true })
})

test('an answer in a storm that was not expected ends it', async (t) => {
  const control = (await serve(t, (_request, response) => response.end())).href
  const limited = await settled(t, (request, response) => {
    if (request.url === '/secret') response.writeHead(429).end()
    else hollow(request, response)
  })
  const cut = await settled(t, (request, response) => {
    if (request.url === '/secret') request.socket.destroy()
    else hollow(request, response)
  })
  const failing = await settled(t, (_request, response) => response.writeHead(500).end())
  const cases = [
    [limited, /^GET .*\/secret has to be answered with 200, but there were \d+ × 429\.\nSwitch its limits off/],
    [cut, /^GET .*\/secret has to be answered with 200, but there were \d+ × ECONNRESET\.$/],
    [failing, /^POST .*\/login has to be answered with 200, but there were \d+ × 500\.$/]
  ] as const
  for (const [subject, message] of cases) {
    const storm = measureStorm(subject, settings, new Notebook(), { alone: ALONE, control })
    await t.rejects(storm, { constructor: Unexpected, message })
  }
})

test('whoever may not hurry works all the same', async (t) => {
  const usual = getPriority()
  t.equal(await hurrying(async () => getPriority(), 1000), usual)
  t.equal(await hurrying(async () => getPriority(), usual), usual)
  await t.rejects(
    hurrying(() => Promise.reject(new Error('no'))),
    { message: 'no' }
  )
  t.equal(getPriority(), usual)
})
