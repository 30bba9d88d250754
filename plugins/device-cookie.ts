import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createDeviceToken, DEVICE_LIFETIME, readDeviceToken } from '../src/device.ts'
import { isPlainLoopback } from '../src/loopback.ts'
import { deriveKey } from '../src/secrets.ts'

/** Knows the devices from which a user has signed in, so that strangers who guess cannot lock the owner out. */
export interface DeviceCookie {
  /** What tells the device apart, where the user has signed in from it. */
  read(request: FastifyRequest, user: string): string | undefined
  /** Has the device known from now on; where nothing is limited, it need not be. */
  set(reply: FastifyReply, user: string): void
}

declare module 'fastify' {
  interface FastifyInstance {
    deviceCookie: DeviceCookie
  }
}

const NAME = 'latchkey_device'

export default fp(
  async (fastify) => {
    const { clock, config, rootSecret } = fastify
    const { PUBLIC_URL } = config
    const key = deriveKey(rootSecret, 'device cookie')
    const secure = !isPlainLoopback(PUBLIC_URL)
    const attributes = {
      name: NAME,
      path: '/',
      maxAge: DEVICE_LIFETIME,
      httpOnly: true,
      secure,
      sameSite: 'lax'
    } as const

    fastify.decorate('deviceCookie', {
      read({ headers }, user) {
        const token = parseCookie(headers.cookie ?? '')[NAME]
        const device = token === undefined ? undefined : readDeviceToken(token, clock.now(), key)
        return device?.user === user ? device.nonce : undefined
      },
      set(reply, user) {
        if (config.LIMITS === 'off') return
        const value = createDeviceToken(user, clock.now(), key)
        reply.header('set-cookie', stringifySetCookie({ ...attributes, value }))
      }
    } satisfies DeviceCookie)
  },
  { name: 'device-cookie', dependencies: ['clock', 'config', 'root-secret'] }
)
