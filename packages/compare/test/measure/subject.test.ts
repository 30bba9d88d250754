import { existsSync } from 'node:fs'
import { test } from 'tap'
import { surfaceOf } from '../../src/check.ts'
import { PASSWORD } from '../../src/measure/client.ts'
import { ServiceError } from '../../src/measure/load.ts'
import { Subject } from '../../src/measure/subject.ts'
import { hollow, NOWHERE, serve } from '../services.ts'

const names = (bodies: string[]) => bodies.map((body) => JSON.parse(body).username.split('.').slice(2).join('.'))

test('it registers accounts of its own, and signs in with each in its turn', async (t) => {
  const asked: string[] = []
  const bodies: Record<string, string[]> = { '/register': [], '/login': [] }
  const url = await serve(t, async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    bodies[`${request.url}`]?.push(`${Buffer.concat(await request.toArray())}`)
    hollow(request, response)
  })
  const subject = new Subject({ name: 'ours', url }, surfaceOf())
  await subject.settle(3)
  t.strictSame(asked.sort(), ['POST /login', 'POST /register', 'POST /register', 'POST /register'])
  t.strictSame(names(bodies['/register'] as string[]).sort(), ['first.0', 'first.1', 'first.2'])
  t.strictSame(subject.headers, { authorization: 'Bearer good' })
  t.strictSame(names([...(bodies['/login'] as string[]), subject.nextLogin(), subject.nextLogin()]), [
    'first.1',
    'first.2',
    'first.0'
  ])
  t.strictSame(names([subject.newAccount(), subject.newAccount()]), ['1', '2'])
  t.strictSame(Object.keys(JSON.parse(subject.newAccount())), ['username', 'password'])
  t.equal(`${subject.url('secret')}`, `${url}secret`)
})

test('it speaks as its dialect does', (t) => {
  const dialect = {
    paths: { login: '/sessions' },
    identifier: 'email',
    fields: { email: 'mail', password: 'phrase' },
    register: { extra: { terms: true } }
  } as const
  const url = new URL('http://127.0.0.1:1')
  const subject = new Subject({ name: 'ours', url }, surfaceOf(dialect))
  subject.adopt(['ada'])
  t.equal(subject.nextLogin(), JSON.stringify({ mail: 'ada@example.com', phrase: PASSWORD }))
  t.match(JSON.parse(subject.newAccount()), { mail: /^r.*\.1@example\.com$/, phrase: PASSWORD, terms: true })
  t.equal(subject.url('login').href, 'http://127.0.0.1:1/sessions')
  t.end()
})

test('two of them never share a name, whether they speak to one service or to two', (t) => {
  const target = { name: 'ours', url: new URL('http://127.0.0.1:1') }
  const [one, other] = [new Subject(target, surfaceOf()), new Subject(target, surfaceOf())]
  t.not(one.newAccount(), other.newAccount())
  t.end()
})

test('its token is renewed, where it has accounts', async (t) => {
  let logins = 0
  const url = await serve(t, (_request, response) => {
    logins += 1
    response.setHeader('content-type', 'application/json').end(`{"access_token":"token ${logins}"}`)
  })
  const subject = new Subject({ name: 'ours', url }, surfaceOf())
  await subject.renew()
  t.equal(subject.token, '', 'without an account')
  subject.adopt(['ada'])
  await subject.renew()
  await subject.renew()
  t.equal(subject.token, 'token 2')
})

test('its processes are found, where they can be known', async (t) => {
  const subject = new Subject({ name: 'ours', url: await serve(t, hollow) }, surfaceOf())
  t.strictSame(subject.pids, [])
  subject.find()
  t.equal(subject.pids.includes(process.pid), existsSync('/proc/net/tcp'))
})

test('an answer that was not expected is told', async (t) => {
  const tokenless = await serve(t, (request, response) => {
    response.writeHead(request.url === '/register' ? 201 : 200).end()
  })
  const busy = await serve(t, (_request, response) => response.writeHead(503).end())
  const limited = await serve(t, (_request, response) => response.writeHead(429).end())
  const gone = NOWHERE
  const cases = [
    [tokenless, 'ours: the answer to a login has no access_token'],
    [busy, 'ours: POST /register has to be answered with 201, not with 503.'],
    [
      limited,
      'ours: POST /register has to be answered with 201, not with 429.\nSwitch its limits off: all that is asked here comes from one address.'
    ],
    [gone, 'ours: POST /register has to be answered with 201, not with ECONNREFUSED.']
  ] as const
  for (const [url, message] of cases) {
    const settling = new Subject({ name: 'ours', url }, surfaceOf()).settle(1)
    await t.rejects(settling, { constructor: ServiceError, message })
  }
})
