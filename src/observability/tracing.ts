import { createRequire } from 'node:module'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { context, propagation, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

/** Exports traces of requests and their SQL statements to a collector. */
export interface Tracing {
  /** The Fastify plugin that opens a span for each request. */
  plugin: ReturnType<FastifyOtelInstrumentation['plugin']>
  /** Exports the remaining spans and disables tracing. */
  stop(): Promise<void>
}

/** The timeout for exporting a batch, in milliseconds. It delays the stop of the service, when the last one is sent. */
const TIMEOUT = 2_000

/**
 * Starts tracing; once in a process. Spans contain the route instead of the URL, and statements without their values, so
 * that no name, password or token is exported.
 *
 * @param endpoint the URL of the collector, to which the path of OTLP over HTTP is appended
 * @param service the name of the service in the traces
 */
export function startTracing(endpoint: string, service: string): Tracing {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const provider = new NodeTracerProvider({
    // Ignores the sampling flag in the traceparent of a client.
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
  // The driver is loaded already: the instrumentation patches it when it is required again.
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
