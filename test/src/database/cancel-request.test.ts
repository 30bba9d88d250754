import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { type AddressInfo, createServer, type ListenOptions, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { freePort } from '@latchkey/compare/measure/free-port'
import type pg from 'pg'
import { type Test, test } from 'tap'
import { cancelStatement } from '../../../src/database/cancel-request.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { caught } from '../../helpers/caught.ts'
import { createCertificate } from '../../helpers/certificate.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { type Sent, SSL_REQUEST, tlsServer } from '../../helpers/servers.ts'

const REQUEST = '00000010' + '04d2162e' + '00000007' + '0000002a'

const clientAt = (host: string, port: number, processID: number | null = 7, secretKey: number | null = 42) =>
  ({ host, port, processID, secretKey }) as unknown as pg.ClientBase

/** A server that keeps its side of connections open, and the bytes of the first one. */
async function listen(t: Test, where: ListenOptions) {
  const server = createServer({ allowHalfOpen: true }).listen(where)
  const sockets: Socket[] = []
  const brought = new Promise<string>((resolve) => {
    server.once('connection', (socket) => {
      sockets.push(socket)
      const chunks: Buffer[] = []
      socket.on('error', () => {})
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.once('end', () => resolve(Buffer.concat(chunks).toString('hex')))
    })
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, brought, sockets }
}

test('a statement is cancelled by the key of its connection', async (t) => {
  const { port, brought, sockets } = await listen(t, { host: '127.0.0.1', port: 0 })
  cancelStatement(clientAt('127.0.0.1', port))
  t.equal(await brought, REQUEST)
  await new Promise((resolve) => sockets[0]?.once('close', resolve).end())
  t.ok(sockets[0]?.destroyed, 'and nobody waits for an answer')
})

test('also over a Unix socket', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  const { brought } = await listen(t, { path: join(folder, '.s.PGSQL.5432') })
  cancelStatement(clientAt(folder, 5432))
  t.equal(await brought, REQUEST)
})

test('over TLS, with the key in it alone, where the connection speaks TLS', async (t) => {
  const certificate = createCertificate()
  const over = (port: number, ssl: unknown, host = '127.0.0.1') =>
    Object.assign(clientAt(host, port), { ssl, sslNegotiation: 'postgres' })

  /** The bytes that a connection sends to a server with TLS. */
  async function brings(ssl: unknown, host?: string): Promise<Sent> {
    const { port, ended } = await tlsServer(t, certificate)
    cancelStatement(over(port, ssl, host))
    while (ended.length === 0) await new Promise(setImmediate)
    return ended[0] as Promise<Sent>
  }

  await t.test('which is verified as the connection was', async (t) => {
    for (const host of ['127.0.0.1', 'localhost']) {
      t.strictSame(await brings({ ca: certificate.cert }, host), { clear: SSL_REQUEST, encrypted: REQUEST })
    }
  })

  await t.test('and not at all to a server that is another', async (t) => {
    for (const ssl of [true, { ca: createCertificate().cert }]) {
      t.strictSame(await brings(ssl), { clear: SSL_REQUEST, encrypted: '' })
    }
  })

  await t.test('nor to one that has no TLS', async (t) => {
    const { port, brought, sockets } = await listen(t, { host: '127.0.0.1', port: 0 })
    cancelStatement(over(port, true))
    while (sockets.length === 0) await new Promise(setImmediate)
    sockets[0]?.write('N')
    t.equal(await brought, SSL_REQUEST)
  })

  await t.test('from the first byte on, where the connection did so', async (t) => {
    const secure = createTlsServer({ ...certificate, ALPNProtocols: ['postgresql'] })
    t.teardown(() => secure.close())
    await once(secure.listen(0, '127.0.0.1'), 'listening')
    const { port } = secure.address() as AddressInfo
    cancelStatement(Object.assign(over(port, { ca: certificate.cert }), { sslNegotiation: 'direct' }))
    const [socket] = await once(secure, 'secureConnection')
    const [bytes] = await once(socket, 'data')
    t.equal(bytes.toString('hex'), REQUEST)
    socket.destroy()
  })
})

test('nothing happens if the server is not reachable', async (t) => {
  const port = await freePort()
  cancelStatement(clientAt('127.0.0.1', port))
  const { brought } = await listen(t, { host: '127.0.0.1', port })
  cancelStatement(clientAt('127.0.0.1', port, null))
  cancelStatement(clientAt('127.0.0.1', port, 7, null))
  cancelStatement(clientAt('127.0.0.1', port, 1, 2))
  t.match(await brought, /0000000100000002$/, 'the embedded database is not asked')
})

// The embedded database has one connection, so no statement waits for another.
if (process.env.TEST_DATABASE_URL) {
  test('a statement that was given up is not executed later', async (t) => {
    const pool = await migratedPool(t)
    await pool.query("INSERT INTO limits (key, count, over_at) VALUES ('x', 1, now())")
    const holder = await pool.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT FROM limits FOR UPDATE')
    const error = await caught(createDatabase(pool, { timeout: 200 }).query(sql`UPDATE limits SET count = 2`))
    t.equal((error as Problem).code, 'DATABASE_UNAVAILABLE')
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while ((await pool.query(waiting)).rowCount !== 0);
    await holder.query('COMMIT')
    holder.release()
    t.strictSame((await pool.query('SELECT count FROM limits')).rows, [{ count: 1 }])
  })
}
