import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'tap'
import { bearer, build, listen, PASSWORD, signIn } from '../../helpers/app.ts'

interface Span {
  name: string
  spanId: string
  parentSpanId?: string
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
}

test('without a collector nothing is traced', async (t) => {
  const fastify = await build(t)
  t.notOk(fastify.hasRequestDecorator('opentelemetry'))
})

test('requests and their statements are traced for a collector', async (t) => {
  const bodies: unknown[] = []
  const collector = createServer(async (request, response) => {
    bodies.push(await json(request))
    response.end('{}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => collector.close())
  await new Promise((resolve) => collector.once('listening', resolve))
  const { port } = collector.address() as { port: number }

  const fastify = await build(t, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` } })
  const own = await listen(fastify)
  const { access_token, refresh_token, user } = await signIn(fastify, { username: 'ada' })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'
  const headers = { ...bearer(access_token), traceparent }
  t.equal((await fetch(`http://127.0.0.1:${own}/me?who=somebody`, { headers })).status, 400)
  t.equal((await fetch(`http://127.0.0.1:${own}/me`, { headers })).status, 200)
  t.equal((await fetch(`http://127.0.0.1:${own}/nowhere`)).status, 404, 'which is not traced')
  await fastify.close()

  const spans = bodies.flatMap((body) =>
    (body as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans)
    )
  )
  const attribute = ({ attributes }: Span, name: string) => attributes.find(({ key }) => key === name)?.value
  const requests = spans.filter((span) => attribute(span, 'http.request.method'))
  t.strictSame(
    requests.map((span) => [span.name, attribute(span, 'http.response.status_code')?.intValue]),
    [
      ['POST /register', 201],
      ['POST /login', 200],
      ['GET /me', 400],
      ['GET /me', 200]
    ]
  )
  const [me] = requests.filter(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331').slice(-1)
  const inside = new Set(spans.filter(({ parentSpanId }) => parentSpanId === me?.spanId).map(({ spanId }) => spanId))
  const statements = spans.filter(({ spanId, parentSpanId = '' }) => inside.has(spanId) || inside.has(parentSpanId))
  const texts = statements.flatMap(
    (span) => attribute(span, 'db.statement')?.stringValue ?? attribute(span, 'db.query.text')?.stringValue ?? []
  )
  t.match(texts.join('\n'), /FROM .*sessions/s, 'with the statements of a request under it')

  const all = JSON.stringify(bodies)
  t.match(all, '{"key":"service.name","value":{"stringValue":"latchkey"}}')
  for (const secret of [PASSWORD, access_token, refresh_token, user.id, 'somebody', 'nowhere', '"ada"'])
    t.notMatch(all, secret)
})

test('a collector that is away disturbs nothing but the log', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, log })
  t.equal((await fastify.inject('/health/live')).statusCode, 200)
  await fastify.close()
  t.match(log.join('\n'), 'could not send the last traces')
})
