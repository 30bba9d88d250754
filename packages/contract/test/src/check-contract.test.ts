import { createHmac, randomUUID } from 'node:crypto'
import type http from 'node:http'
import { type Test, test } from 'tap'
import { checkContract } from '../../src/check-contract.ts'
import { runContract, type Streams } from '../../src/command.ts'
import type { Dialect } from '../../src/dialect.ts'
import type { ContractReport } from '../../src/report.ts'
import { build } from '../suite/application.ts'
import { ownService } from './own-service.ts'
import { serve as serveAt } from './serve.ts'

const SECRET = 'the secret of a small service in a test'

/** What a small service of another style does otherwise; each is a choice or a fault. */
interface Style {
  strips?: boolean
  takesTampered?: boolean
  ttl?: number
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const sign = (input: string) => createHmac('sha256', SECRET).update(input).digest('base64url')

/** A service of another style: people have an email, refusals are 422 with `detail`, and a path is another. */
function smallService({ strips, takesTampered, ttl = 60 }: Style): http.RequestListener {
  const accounts = new Map<string, { id: string; password: string }>()
  return async (request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', 'www-authenticate': 'Bearer' })
      response.end(JSON.stringify(body))
    }
    if (request.url === '/hidden') {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
      const [header, payload = '', signature] = token?.split('.') ?? []
      const claims = payload && JSON.parse(Buffer.from(payload, 'base64url').toString())
      const known = takesTampered ? claims : signature === sign(`${header}.${payload}`)
      if (!known || claims.exp <= Date.now() / 1000) return answer(401, { detail: 'no' })
      return answer(200, { greeting: `hello ${claims.sub}` })
    }
    let body: Record<string, unknown>
    try {
      body = JSON.parse(Buffer.concat(await request.toArray()).toString())
    } catch {
      return answer(422, { detail: 'no JSON' })
    }
    const { email, password, tenant, ...unknown } = body
    const fits = typeof email === 'string' && typeof password === 'string' && tenant === 't'
    if (!fits || (Object.keys(unknown).length > 0 && !strips)) return answer(422, { detail: 'unfit' })
    const account = accounts.get(email.toLowerCase())
    if (request.url === '/users') {
      if (account) return answer(400, { detail: 'taken' })
      const id = randomUUID()
      accounts.set(email.toLowerCase(), { id, password })
      return answer(201, { id, email: email.toLowerCase() })
    }
    if (account?.password !== password) return answer(401, { detail: 'wrong' })
    const now = Math.floor(Date.now() / 1000)
    const input = `${encode({ alg: 'HS256' })}.${encode({ sub: account.id, iat: now, exp: now + ttl })}`
    answer(200, { token: `${input}.${sign(input)}` })
  }
}

const dialect: Dialect = {
  name: 'Small',
  paths: { register: '/users', secret: '/hidden' },
  fields: {
    email_verified: null,
    created_at: null,
    access_token: 'token',
    token_type: null,
    expires_in: null,
    refresh_token: null,
    message: 'greeting'
  },
  identifier: 'email',
  register: { extra: { tenant: 't' } },
  login: { extra: { tenant: 't' } },
  statuses: { invalid: 422, malformed: 422, duplicate: 400 },
  error_key: 'detail',
  folds_names: true,
  secret_env: 'CONTRACT_TEST_SECRET'
}

const serve = async (t: Test, listener: http.RequestListener) => (await serveAt(t, listener)).origin

const failing = ({ sections }: ContractReport) =>
  sections.flatMap(({ expectations }) => expectations.filter(({ state }) => state === 'fails'))

const find = (report: ContractReport, title: string) =>
  report.sections.flatMap(({ expectations }) => expectations).find((it) => it.title.includes(title))

test('our own service keeps the core to the letter, but for what takes time', async (t) => {
  const report = await checkContract((await ownService(t)).origin, { core: true })
  t.strictSame(failing(report), [])
  t.strictSame(report.counts, { holds: 12, differs: 0, fails: 0, 'not checked': 1 })
  t.strictSame(
    report.sections.map(({ title }) => title),
    ['Conventions', 'The heart', 'Access tokens']
  )
  t.match(find(report, 'expired'), { state: 'not checked', details: [/^a token lives \d+ s.*with secret_env$/] })
})

test('a secret that is not there is asked for', async (t) => {
  const url = await serve(t, smallService({ ttl: 60 }))
  const report = await checkContract(url, { core: true, dialect: { ...dialect, secret_env: 'CONTRACT_TEST_ABSENT' } })
  t.match(find(report, 'expired'), { state: 'not checked', details: [/or set CONTRACT_TEST_ABSENT to its secret$/] })
})

test('a secret that is given needs no variable', async (t) => {
  const url = await serve(t, smallService({ ttl: 60 }))
  const absent = { ...dialect, secret_env: 'CONTRACT_TEST_ABSENT' }
  const report = await checkContract(url, { core: true, dialect: absent, secret: SECRET })
  t.match(find(report, 'expired'), { state: 'differs' })
})

test('a service that limits requests is told how to switch that off, before the whole suite is begun', async (t) => {
  const application = await build(t, { environment: { LIMITS: 'on' } })
  const url = await application.listen({ port: 0, host: '127.0.0.1' })
  const onExpectation = () => t.fail('the suite has begun')
  await t.rejects(checkContract(url, { onExpectation }), { message: /LIMITS=off/ })
  await t.rejects(checkContract(url, { core: true }), { message: /LIMITS=off/ })
})

test('what a dialect foretells differs, and does not fail', async (t) => {
  process.env.CONTRACT_TEST_SECRET = SECRET
  t.teardown(() => delete process.env.CONTRACT_TEST_SECRET)
  const report = await checkContract(await serve(t, smallService({})), { core: true, dialect })
  t.strictSame(failing(report), [])
  t.equal(report.kept, true)
  t.match(find(report, 'a registration'), { state: 'differs', details: ['the path is /users in place of /register'] })
  t.strictSame(find(report, 'expired')?.state, 'differs', 'made with its secret')
})

test('what no dialect foretells fails', async (t) => {
  const { statuses: _, ...without } = dialect
  const report = await checkContract(await serve(t, smallService({})), { core: true, dialect: without })
  t.match(find(report, 'taken')?.details.join(), 'is answered with 400, and ought to be 409')
})

test('each fault is found and named', async (t) => {
  const rows: [string, Style, string, RegExp][] = [
    [
      'unknown keys are stripped',
      { strips: true },
      'unknown key',
      /unknown key is answered with 201, and ought to be 422/
    ],
    [
      'a tampered token is taken',
      { takesTampered: true },
      'tampered',
      /changed user is answered with 200, and ought to/
    ]
  ]
  for (const [what, style, title, detail] of rows) {
    await t.test(what, async (t) => {
      const report = await checkContract(await serve(t, smallService(style)), { core: true, dialect })
      t.equal(report.kept, false)
      t.match(find(report, title), { state: 'fails', details: [detail] })
    })
  }
})

test('a short life is waited for, and what a dialect lacks is not checked', async (t) => {
  const url = await serve(t, smallService({ ttl: 1 }))
  const report = await checkContract(url, { core: true, dialect: { ...dialect, lacks: { tampered: 'by choice' } } })
  t.equal(find(report, 'expired')?.state, 'differs')
  t.strictSame(find(report, 'tampered'), {
    title: 'a tampered token is refused',
    state: 'not checked',
    details: ['by choice']
  })
})

test('what is no service of this kind ends with 2 and one line', async (t) => {
  const html = await serve(t, (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'))
  const limited = await serve(t, (_, response) => response.writeHead(429).end())
  const bare = await serve(t, (_, response) => response.writeHead(404).end())
  const cut = await serve(t, (request) => request.socket.destroy())
  const folder = t.testdir({
    'typo.json': '{"pahts": {}}',
    'lacks.json': '{"lacks": {"expird": "x"}}',
    'far.json': '{"lacks": {"zzzzz": "x"}}'
  })
  const rows: [string, string[], RegExp][] = [
    ['HTML', [html], /is no service of this kind: GET \/secret gave 200 with text\/html/],
    ['404', [bare], /GET \/secret gave 404 with no content type/],
    ['429', [limited], /LIMITS=off/],
    ['a hang-up', [cut], /nothing answers at/],
    ['a closed port', ['http://127.0.0.1:1'], /nothing answers at http:\/\/127\.0\.0\.1:1: ECONNREFUSED/],
    ['no URL', ['rubbish'], /give the URL of a service/],
    ['a path', ['http://127.0.0.1:1/api'], /without a path/],
    ['credentials', ['http://a:b@127.0.0.1:1'], /must not have credentials/],
    ['a typo', [html, '--core', '--dialect', `${folder}/typo.json`], /did you mean "paths"/],
    ['a typo in lacks', [html, '--core', '--dialect', `${folder}/lacks.json`], /did you mean "expired"/],
    ['nothing like it', [html, '--core', '--dialect', `${folder}/far.json`], /there are register, login/],
    ['a dialect without the core', [html, '--dialect', `${folder}/lacks.json`], /add --core/]
  ]
  for (const [what, words, line] of rows) {
    await t.test(what, async (t) => {
      const { code, err } = await run(words)
      t.match(err, line)
      t.strictSame([code, err.trim().split('\n').length], [2, 1])
    })
  }
  t.equal((await run([])).code, 2)
  t.equal((await run(['--help'])).code, 0)
})

test('the command answers with the report, for people or as JSON', async (t) => {
  const url = await serve(t, smallService({}))
  const folder = t.testdir({ 'dialect.json': JSON.stringify({ ...dialect, secret_env: undefined }) })
  const words = [url, '--core', '--dialect', `${folder}/dialect.json`]
  const plain = await run(words)
  t.strictSame([plain.code, plain.err], [0, ''])
  t.match(plain.out, /^Small at .*\n\nConventions\n/)
  const json = await run([...words, '--json'], true)
  t.match(JSON.parse(json.out), { url, scope: 'core', kept: true, name: 'Small' })
  t.match(json.err, '≠ Conventions: an unknown key', 'progress on a terminal')
  t.equal((await run([await serve(t, smallService({ strips: true })), ...words.slice(1)])).code, 1)
})

test('what the command does not expect is thrown', async (t) => {
  const full = {
    write(): never {
      throw new Error('no space left on device')
    }
  }
  await t.rejects(runContract(['--help'], { stdout: full, stderr: full }), { message: 'no space left on device' })
})

async function run(words: string[], isTTY = false) {
  let [out, err] = ['', '']
  const streams: Streams = {
    stdout: { write: (text) => (out += text) },
    stderr: { isTTY, write: (text) => (err += text) }
  }
  return { code: await runContract(words, streams), out, err }
}
