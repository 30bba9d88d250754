import fp from 'fastify-plugin'

/** OpenTelemetry traces where a collector is named; otherwise nothing of it is even loaded. */
export default fp(
  async (fastify) => {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: service } = fastify.config
    if (!endpoint) return
    const { startTracing } = await load()
    const { plugin, stop } = startTracing(endpoint, service)
    await fastify.register(plugin)
    fastify.addHook('onClose', async () => {
      await stop().catch((err) => fastify.log.warn({ err }, 'the last traces could not be sent'))
    })
  },
  { name: 'tracing', dependencies: ['config'] }
)

/** The compiler does not rewrite the path of an import inside of `export default` (build.mjs looks for such). */
async function load() {
  return await import('../../src/observability/tracing.ts')
}
