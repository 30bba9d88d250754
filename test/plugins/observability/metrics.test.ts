import { test } from 'tap'
import { build, PASSWORD, post } from '../../helpers/app.ts'
import { holdHashes } from '../../helpers/held-hashes.ts'

const figures = async (fastify: Awaited<ReturnType<typeof build>>) => (await fastify.metrics.metrics()).split('\n')

test('the figures', async (t) => {
  const fastify = await build(t)

  await t.test('count requests by method, route and status, whatever their path and query', async (t) => {
    await fastify.inject('/health/live')
    await fastify.inject('/health/live')
    await fastify.inject('/health/live?token=hunter2')
    await fastify.inject({ method: 'HEAD', url: '/health/live' })
    await fastify.inject('/secret')
    await fastify.inject('/docs/start.js')
    await fastify.inject({ method: 'HEAD', url: '/docs/start.js' })
    await fastify.inject('/nowhere/hunter2')
    await fastify.inject({ method: 'PUT', url: '/secret' })
    const lines = await figures(fastify)
    const count = (method: string, route: string, status: number) =>
      `http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`
    t.strictSame(lines.filter((line) => line.startsWith('http_request_duration_seconds_count')).sort(), [
      `${count('', '', 404)} 1`,
      `${count('', '', 405)} 1`,
      `${count('GET', '/docs/:file', 200)} 1`,
      `${count('GET', '/health/live', 200)} 2`,
      `${count('GET', '/health/live', 400)} 1`,
      `${count('GET', '/secret', 401)} 1`,
      `${count('HEAD', '/docs/:file', 200)} 1`,
      `${count('HEAD', '/health/live', 200)} 1`
    ])
    t.notMatch(lines.join('\n'), 'hunter2')
  })

  await t.test('time them in buckets that add up', async (t) => {
    const bucket =
      /^http_request_duration_seconds_bucket\{le="(.*)",method="GET",route="\/health\/live",status="200"\} (\d+)$/
    const buckets = (await figures(fastify)).flatMap((line) => bucket.exec(line)?.slice(1) ?? [])
    t.strictSame(
      buckets.filter((_, index) => index % 2 === 0),
      ['0.001', '0.005', '0.01', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf']
    )
    t.equal(buckets.at(-1), '2')
  })

  await t.test('show the process', async (t) => {
    const names = new Set((await figures(fastify)).map((line) => line.split(/[ {]/)[0]))
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
      t.ok(names.has(name), name)
    }
  })

  await t.test('show how busy the database is', async (t) => {
    const client = await fastify.pg.pool.connect()
    const busy = await figures(fastify)
    client.release()
    t.ok(busy.includes('latchkey_database_connections 1'))
    t.ok(busy.includes('latchkey_database_connections_idle 0'))
    t.ok(busy.includes('latchkey_database_waiting 0'))
    t.ok((await figures(fastify)).includes('latchkey_database_connections_idle 1'))
  })

  await t.test('show how busy hashing is', async (t) => {
    t.ok((await figures(fastify)).includes('latchkey_hashes_running 0'))
    const held = holdHashes(fastify)
    const hashes = [fastify.passwords.hash(PASSWORD), fastify.passwords.hash(PASSWORD)]
    const busy = await figures(fastify)
    held.open()
    await Promise.all([held.busy, ...hashes])
    t.ok(busy.includes('latchkey_hashes_running 1'))
    t.ok(busy.includes('latchkey_hashes_waiting 2'))
    t.ok((await figures(fastify)).includes('latchkey_hashes_running 0'))
  })

  await t.test('count what finds no place for its hash, by reason', async (t) => {
    const refused = async () =>
      (await figures(fastify)).filter((line) => line.startsWith('latchkey_hashes_refused_total'))
    const line = (reason: string, count: number) => `latchkey_hashes_refused_total{reason="${reason}"} ${count}`
    const reasons = ['queue_full', 'account', 'network', 'deadline']
    t.strictSame(
      await refused(),
      reasons.map((reason) => line(reason, 0))
    )
    fastify.passwords.semaphore.refuse('account')
    fastify.passwords.semaphore.refuse('account')
    fastify.passwords.semaphore.refuse('deadline')
    for (let asked = 0; asked < 2; asked++) {
      t.strictSame(await refused(), [
        line('queue_full', 0),
        line('account', 2),
        line('network', 0),
        line('deadline', 1)
      ])
    }
  })

  await t.test('show what waits to be put on record, and what was lost', async (t) => {
    fastify.audit.record('operator', 'key rotated')
    t.ok((await figures(fastify)).includes('latchkey_audit_waiting 1'))
    await fastify.audit.flush()
    t.ok((await figures(fastify)).includes('latchkey_audit_waiting 0'))
    for (let index = 0; index < 10_002; index++) fastify.audit.record('operator', 'key rotated')
    for (let asked = 0; asked < 2; asked++) t.ok((await figures(fastify)).includes('latchkey_audit_lost_total 2'))
  })

  await t.test('count what is put on record, by action', async (t) => {
    const lines = await figures(fastify)
    t.ok(lines.includes('latchkey_events_total{action="key rotated"} 10003'))
    t.ok(lines.includes('latchkey_events_total{action="login"} 0'))
    t.ok((await figures(fastify)).includes('latchkey_events_total{action="key rotated"} 10003'))
  })

  await t.test('count what was refused and what failed', async (t) => {
    await post(fastify, '/login', {})
    await fastify.pg.pool.query('DROP TABLE users CASCADE')
    await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const lines = await figures(fastify)
    for (const status of [400, 500]) {
      t.ok(
        lines.includes(`http_request_duration_seconds_count{method="POST",route="/login",status="${status}"} 1`),
        `${status}`
      )
    }
  })
})
