import { createRequire } from 'node:module'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { context, propagation, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

/** Traces of requests and of their statements, on their way to a collector. */
export interface Tracing {
  /** The Fastify plugin that opens a span for each request. */
  plugin: ReturnType<FastifyOtelInstrumentation['plugin']>
  /** Sends what is left, and takes everything off again. */
  stop(): Promise<void>
}

/** How long the collector has for a batch, in milliseconds: the last one is sent while the service stops. */
const TIMEOUT = 2_000

/**
 * Starts to trace, once in a process. Spans have the route in place of the URL, and statements without their values: no
 * name, password or token is in them.
 *
 * @param endpoint the collector's URL, to which the path of OTLP over HTTP is added
 * @param service what the service is called in the traces
 */
export function startTracing(endpoint: string, service: string): Tracing {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const provider = new NodeTracerProvider({
    // Whatever a client asks for in its traceparent.
    sampler: new AlwaysOnSampler(),
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: TIMEOUT }))]
  })
  provider.register()

  const requests = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    recordExceptions: false,
    requestHook(span, { method, routeOptions: { url: route = '' } }) {
      span.updateName(`${method} ${route}`.trim()).setAttribute('url.path', route)
    }
  })
  const statements = new PgInstrumentation({ requireParentSpan: true })
  for (const instrumentation of [requests, statements]) instrumentation.setTracerProvider(provider)
  // The driver has been loaded long ago: the instrumentation sees it when somebody asks for it again.
  createRequire(import.meta.url)('pg')

  return {
    plugin: requests.plugin(),
    async stop() {
      for (const instrumentation of [requests, statements]) instrumentation.disable()
      await provider.shutdown()
      for (const api of [trace, context, propagation]) api.disable()
    }
  }
}
