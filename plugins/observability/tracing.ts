import fp from 'fastify-plugin'

/** Sends OpenTelemetry traces if a collector is configured; otherwise OpenTelemetry is not loaded. */
export default fp(
  async (fastify) => {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: service } = fastify.config
    if (!endpoint) return
    const { startTracing } = await load()
    const { plugin, stop } = startTracing(endpoint, service)
    await fastify.register(plugin)
    fastify.addHook('onClose', async () => {
      await stop().catch((err) => fastify.log.warn({ err }, 'could not send the last traces'))
    })
  },
  { name: 'tracing', dependencies: ['config'] }
)

/** The compiler does not rewrite the path of an import inside of `export default` (build.mjs looks for such). */
async function load() {
  return await import('../../src/observability/tracing.ts')
}
