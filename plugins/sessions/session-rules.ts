import fp from 'fastify-plugin'
import type { RotationRules } from '../../src/sessions/rotation.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** How long sessions live, and how their refresh tokens rotate. */
    sessionRules: RotationRules
  }
}

export default fp(
  async (fastify) => {
    const { config } = fastify
    const { REFRESH_IDLE_TTL, REFRESH_MAX_TTL, REFRESH_GRACE } = config
    const successorKey = fastify.deriveKey('refresh token successor')
    fastify.decorate('sessionRules', { REFRESH_IDLE_TTL, REFRESH_MAX_TTL, REFRESH_GRACE, successorKey })
  },
  { name: 'session-rules', dependencies: ['config', 'derive-key'] }
)
