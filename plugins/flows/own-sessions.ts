import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import { endOtherSessions, endSessions } from '../../src/sessions/sessions.ts'

/** The sessions of a signed-in user. Needs `request.user` as `tokens.authenticateSession` sets it. */
export interface OwnSessions {
  /**
   * Ends a session of the user, which may be the current one.
   *
   * @throws Problem NOT_FOUND if the user has no such session; TOKEN_INVALID if the current one has ended meanwhile
   */
  end(request: FastifyRequest, id: string): Promise<void>
  /** Ends all sessions but the current one, and invalidates the device cookies. A device with a valid one gets a new one. */
  endOthers(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    ownSessions: OwnSessions
  }
}

export default fp(
  async (fastify) => {
    const { limits, sessions } = fastify

    fastify.decorate('ownSessions', {
      async end(request, id) {
        const { database, user } = request
        const { alive, count } = await endSessions(database, sessions.rules, user, id, 'ended by the user')
        if (!alive) throw new Problem('TOKEN_INVALID')
        if (count === 0) throw new Problem('NOT_FOUND')
        request.record('session ended', { account: user.sub, session: id })
      },

      async endOthers(request, reply) {
        const { database, user } = request
        const device = limits.deviceOf(request)
        const { count, owner } = await endOtherSessions(database, sessions.rules, user)
        request.record('sessions ended', { account: user.sub, session: user.sid, detail: { count } })
        // A session alone does not make a device known: its access token may be stolen.
        const before = { ...owner, device_version: owner.device_version - 1 }
        if (isDeviceOf(device, before)) await limits.rememberDevice(reply, owner)
      }
    } satisfies OwnSessions)
  },
  { name: 'own-sessions', dependencies: ['audit', 'database', 'limits', 'sessions'] }
)
