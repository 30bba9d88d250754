import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mock } from 'node:test'
import { rootCertificates, type TlsOptions } from 'node:tls'
import pg from 'pg'
import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { DatabaseRefusal, poolOptions, probe, waitForDatabase, waitForServer } from '../../../src/database/postgres.ts'
import { caught } from '../../helpers/caught.ts'
import { createCertificate } from '../../helpers/certificate.ts'
import {
  CLOSED_PORT,
  completed,
  handwrittenServer,
  refusingServer,
  silentServer,
  tlsServer,
  welcome
} from '../../helpers/servers.ts'

const CERTIFICATE = String(rootCertificates[0])

const URL_WITH_PASSWORD = 'postgres://ada:the-secret-password@db.example.com:6432/latchkey'
const SECRET_KEY = 'only for tests, and long enough to be one'

test('the pool', async (t) => {
  await t.test('goes where DATABASE_URL says, with as many connections as DATABASE_POOL', async (t) => {
    const config = readConfig({ DATABASE_URL: `${URL_WITH_PASSWORD}?sslmode=require`, DATABASE_POOL: '7', SECRET_KEY })
    const { Client, ...options } = poolOptions(config)
    t.equal(Client?.name, 'ReconnectingClient')
    t.strictSame(options, {
      connectionString: `${URL_WITH_PASSWORD}?sslmode=require`,
      max: 7,
      connectionTimeoutMillis: 2500,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      application_name: 'latchkey'
    })
  })

  await t.test('has the schema of DATABASE_SCHEMA first, and no other', async (t) => {
    const config = readConfig({ DATABASE_URL: URL_WITH_PASSWORD, DATABASE_SCHEMA: 'auth', SECRET_KEY })
    const { Client } = poolOptions(config) as { Client: typeof pg.Client }
    t.match(new Client().getStartupConf(), { search_path: 'auth' })
  })

  const wishes = [
    '',
    '?sslmode=disable',
    '?sslmode=no-verify',
    '?sslmode=require&sslmode=disable',
    '?ssl=0',
    '?ssl=true'
  ]
  for (const wish of [...wishes, '?ssl=no-verify', '?sslmode=require&uselibpqcompat=true', '?sslrootcert=other.pem']) {
    await t.test(`verifies the server with DATABASE_CA, even when the URL ends in "${wish}"`, async (t) => {
      const folder = t.testdir({ 'ca.pem': CERTIFICATE })
      const DATABASE_CA = `${folder}/ca.pem`
      const config = readConfig({ DATABASE_URL: `${URL_WITH_PASSWORD}${wish}`, DATABASE_CA, SECRET_KEY })
      const { ssl, host, password } = new pg.Client(poolOptions(config) as pg.ClientConfig)
      t.strictSame([ssl, host, password], [{ ca: CERTIFICATE }, 'db.example.com', 'the-secret-password'])
    })
  }
})

/** An error of the network, and an error of a server. */
const unreachable = (code: string) => Object.assign(new Error(`connect ${code} ${URL_WITH_PASSWORD}`), { code })
const answered = (code: string) => Object.assign(new Error('what the server says'), { severity: 'FATAL', code })

/** A probe that fails a number of times, and then succeeds. */
function failing(...errors: Error[]) {
  return async () => {
    const error = errors.shift()
    if (error) throw error
  }
}

test('waiting for a database', async (t) => {
  await t.test('ends at once when it answers', async (t) => {
    const reports: string[] = []
    t.equal(await waitForDatabase({ probe: failing(), report: (reason) => reports.push(reason) }), undefined)
    t.strictSame(reports, [])
  })

  const notYet: [what: string, error: Error, reason: string][] = [
    ['nobody listens', unreachable('ECONNREFUSED'), 'ECONNREFUSED'],
    ['the connection is reset', unreachable('ECONNRESET'), 'ECONNRESET'],
    ['the name does not resolve', unreachable('ENOTFOUND'), 'ENOTFOUND'],
    ['no name server answers', unreachable('EAI_AGAIN'), 'EAI_AGAIN'],
    ['there is no way to it', unreachable('EHOSTUNREACH'), 'EHOSTUNREACH'],
    ['its network is away', unreachable('ENETUNREACH'), 'ENETUNREACH'],
    ['no packet comes back', unreachable('ETIMEDOUT'), 'ETIMEDOUT'],
    ['the connection breaks off', unreachable('EPIPE'), 'EPIPE'],
    ['its socket is not there', unreachable('ENOENT'), 'ENOENT'],
    [
      'a connection takes too long',
      new Error('Connection terminated due to connection timeout'),
      'Connection terminated due to connection timeout'
    ],
    ['it says nothing', new Error('timeout expired'), 'timeout expired'],
    ['it hangs up', new Error('Connection terminated unexpectedly'), 'Connection terminated unexpectedly'],
    ['it is starting', answered('57P03'), 'what the server says'],
    ['it is out of connections', answered('53300'), 'what the server says'],
    ['it is stopping', answered('57P01'), 'what the server says'],
    ['a proxy cannot reach it', answered('08006'), 'what the server says'],
    [
      'PgBouncer cannot reach it',
      Object.assign(answered('08P01'), { message: 'server login has been failing' }),
      'server login has been failing'
    ]
  ]
  for (const [what, error, reason] of notYet) {
    await t.test(`goes on when ${what}`, async (t) => {
      const reports: string[] = []
      const report = (why: string) => reports.push(why)
      await waitForDatabase({ probe: failing(error, error), report, interval: 1 })
      t.strictSame(reports, [reason], 'told once')
    })
  }

  const never: [what: string, error: Error, reason: string][] = [
    ['a wrong password', answered('28P01'), 'what the server says'],
    ['a user that may not', answered('28000'), 'what the server says'],
    ['no such database', answered('3D000'), 'what the server says'],
    ['no such database at PgBouncer', answered('08P01'), 'what the server says'],
    ['a statement at fault', answered('42601'), 'what the server says'],
    ...[
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
    ].map((code): [string, Error, string] => [
      `a certificate of an unknown authority, ${code}`,
      unreachable(code),
      `${code}: its certificate is signed by an unknown authority: set DATABASE_CA to the file of that authority`
    ]),
    [
      'a certificate for another name',
      unreachable('ERR_TLS_CERT_ALTNAME_INVALID'),
      'ERR_TLS_CERT_ALTNAME_INVALID: its certificate is for another name: use the name of the certificate in DATABASE_URL'
    ],
    [
      'a certificate that has expired',
      unreachable('CERT_HAS_EXPIRED'),
      'CERT_HAS_EXPIRED: its certificate has expired: the server needs a new one'
    ],
    ['another fault of TLS', unreachable('EPROTO'), 'EPROTO'],
    [
      'a file that is not there',
      Object.assign(unreachable('ENOENT'), { syscall: 'open' }),
      'ENOENT: a file that DATABASE_URL names cannot be read'
    ],
    [
      'a server without TLS',
      new Error('The server does not support SSL connections'),
      'The server does not support SSL connections: enable TLS on the server, or remove DATABASE_CA or sslmode in DATABASE_URL, which require it'
    ]
  ]
  for (const [what, error, reason] of never) {
    await t.test(`ends at once with ${what}`, async (t) => {
      const reports: string[] = []
      const report = (why: string) => reports.push(why)
      const refusal = await caught(waitForDatabase({ probe: failing(error), report }))
      t.strictSame([refusal instanceof DatabaseRefusal, refusal.message, reports], [true, `it refuses: ${reason}`, []])
    })
  }

  await t.test('ends at the timeout, with the last error', async (t) => {
    let now = 0
    const mocked = mock.method(performance, 'now', () => now)
    t.teardown(() => mocked.mock.restore())
    const reports: string[] = []
    const probe = async () => {
      now += 400
      throw unreachable('ECONNREFUSED')
    }
    const report = (why: string) => reports.push(why)
    const refusal = await caught(waitForDatabase({ probe, report, timeout: 1000, interval: 1 }))
    t.strictSame([refusal.name, refusal.message], ['DatabaseRefusal', 'it has not answered for 1 s: ECONNREFUSED'])
    t.strictSame(reports, ['ECONNREFUSED'])
  })
})

test('a database that is unavailable for half a minute is reported at once, and then every ten seconds', async (t) => {
  let now = 0
  const mocked = mock.method(performance, 'now', () => now)
  t.teardown(() => mocked.mock.restore())
  const reports: number[] = []
  const probe = async () => {
    now += 500
    throw unreachable('ECONNREFUSED')
  }
  await caught(waitForDatabase({ probe, report: () => reports.push(now), interval: 1 }))
  t.strictSame(reports, [500, 10_500, 20_500])
})

test('errors of a server', async (t) => {
  const port = CLOSED_PORT
  const table: [what: string, url: string, outcome: string, connectionTimeoutMillis?: number][] = [
    ['a closed port', `postgres://ada:the-secret-password@127.0.0.1:${port}/latchkey`, 'has not answered'],
    ['a server that never answers', await silentServer(t), 'has not answered', 50],
    [
      'a server that is starting',
      await refusingServer(t, '57P03', 'the database system is starting up'),
      'has not answered'
    ],
    [
      'a server out of connections',
      await refusingServer(t, '53300', 'sorry, too many clients already'),
      'has not answered'
    ],
    ['a wrong password', await refusingServer(t, '28P01', 'password authentication failed for user "ada"'), 'refuses'],
    ['no such database', await refusingServer(t, '3D000', 'database "latchkey" does not exist'), 'refuses']
  ]
  for (const [what, url, outcome, connectionTimeoutMillis = 60_000] of table) {
    await t.test(`${what} ${outcome}, and no message shows the password`, async (t) => {
      const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis })
      t.teardown(() => pool.end())
      let attempts = 0
      const twice = async () => {
        if (++attempts <= 2) await probe(pool)
      }
      const reports: string[] = []
      const report = (why: string) => reports.push(why)
      const waiting = waitForDatabase({ probe: twice, report, interval: 1 })
      const message = await waiting.then(
        () => 'it has not answered',
        (error: Error) => error.message
      )
      t.ok(message.startsWith(`it ${outcome}`), message)
      t.equal(reports.length, outcome === 'has not answered' ? 1 : 0)
      t.notMatch([message, ...reports].join(), /the-secret-password/)
    })
  }
})

test('a database that accepts connections and never answers is not ready', async (t) => {
  const url = await handwrittenServer(t, (socket, { type, text }, connection) => {
    if (type === '') socket.write(welcome)
    else if (type === 'Q' && connection > 1) socket.write(completed(text))
  })
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  t.teardown(() => pool.end())
  const reports: string[] = []
  const report = (why: string) => reports.push(why)
  let timeout = 50
  const attempt = async () => {
    await probe(pool, timeout).finally(() => (timeout = 60_000))
  }
  await waitForDatabase({ probe: attempt, report, interval: 1 })
  t.strictSame(reports, ['Query read timeout'])
})

test('a server whose TLS cannot be verified is refused at once, with the fix', async (t) => {
  const certificate = createCertificate()
  const folder = t.testdir({ 'other.pem': createCertificate().cert })
  const other = createCertificate({ names: ['db.example.com'] })
  const expired = createCertificate({ days: -1 })
  const trusted = ({ cert }: { cert: string }) => {
    const DATABASE_CA = `${folder}/${randomUUID()}.pem`
    writeFileSync(DATABASE_CA, cert)
    return { DATABASE_CA }
  }
  const speaking = async (tls: TlsOptions) => {
    const { port } = await tlsServer(t, tls)
    return `postgres://ada:the-secret-password@127.0.0.1:${port}/latchkey?sslmode=require`
  }
  const table: [what: string, url: string, environment: Record<string, string>, reason: RegExp][] = [
    ['a private authority', await speaking(certificate), {}, /^DEPTH_ZERO_SELF_SIGNED_CERT: .*DATABASE_CA/],
    ['another authority', await speaking(certificate), { DATABASE_CA: `${folder}/other.pem` }, /_CERT: .*DATABASE_CA/],
    ['another name', await speaking(other), trusted(other), /^ERR_TLS_CERT_ALTNAME_INVALID: .*another name/],
    ['an expired certificate', await speaking(expired), trusted(expired), /^CERT_HAS_EXPIRED: /],
    [
      'no TLS',
      `${await handwrittenServer(t, (socket) => socket.write('N'))}?sslmode=require`,
      {},
      /^The server does not support SSL connections: .*sslmode/
    ],
    [
      'a file that is not there',
      `${await silentServer(t)}?sslmode=verify-full&sslrootcert=/no/such/file`,
      {},
      /^ENOENT: a file that DATABASE_URL names/
    ]
  ]
  for (const [what, url, environment, reason] of table) {
    await t.test(what, async (t) => {
      const pool = new pg.Pool(poolOptions(readConfig({ DATABASE_URL: url, SECRET_KEY, ...environment })))
      t.teardown(() => pool.end())
      const { message } = await caught(waitForServer(pool, url, (line) => t.fail(line)))
      const start = `The database ${new URL(url).host}/latchkey cannot be used: it refuses: `
      t.equal(message.slice(0, start.length), start)
      t.match(message.slice(start.length), reason)
      t.notMatch(message, /the-secret/)
    })
  }
})
