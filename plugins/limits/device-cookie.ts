import { stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { cookieValue } from '../../src/http/cookie-value.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'
import {
  createDeviceToken,
  DEVICE_LIFETIME,
  type Device,
  isDeviceOf,
  readDeviceToken
} from '../../src/limits/device-token.ts'
import { type DeviceOwner, findDeviceOwner } from '../../src/users/credentials.ts'

/** Knows the devices from which a user has signed in, so that strangers who guess cannot lock the owner out. */
export interface DeviceCookie {
  /**
   * The device that a request shows, from the cookie alone and read once: `isDeviceOf` says whether it is still one of an
   * account. Read it before the account is looked up, so that its cost is the same whether there is one.
   */
  read(request: FastifyRequest): Device | undefined
  /**
   * Makes the device known from now on, in the answer to whoever has proven to own the account. A valid cookie of another
   * account is kept: otherwise a login that somebody else brings about would take the owner's device away. Does nothing
   * where nothing is limited.
   */
  set(reply: FastifyReply, account: DeviceOwner): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    deviceCookie: DeviceCookie
  }
}

const NAME = 'latchkey_device'

export default fp(
  async (fastify) => {
    const { clock, config } = fastify
    const { PUBLIC_URL } = config
    const key = fastify.deriveKey('device cookie')
    const secure = !isPlainLoopback(PUBLIC_URL)
    const attributes = {
      name: NAME,
      path: '/',
      maxAge: DEVICE_LIFETIME,
      httpOnly: true,
      secure,
      sameSite: 'lax'
    } as const
    const devices = new WeakMap<FastifyRequest, { device: Device | undefined }>()

    function read(request: FastifyRequest): Device | undefined {
      const known = devices.get(request)
      if (known) return known.device
      const token = cookieValue(request.headers.cookie, NAME)
      const device = token === undefined ? undefined : readDeviceToken(token, clock.now(), key)
      devices.set(request, { device })
      return device
    }

    async function belongsToAnother(request: FastifyRequest, { id }: DeviceOwner): Promise<boolean> {
      const device = read(request)
      if (!device || device.id === id) return false
      // What the answer tells of has been done: a database that fails now must not turn it into a refusal.
      const owner = await findDeviceOwner(request.database, device.id).catch(() => device)
      return isDeviceOf(device, owner)
    }

    fastify.decorate('deviceCookie', {
      read,
      async set(reply, account) {
        if (config.LIMITS === 'off' || (await belongsToAnother(reply.request, account))) return
        const value = createDeviceToken(account, clock.now(), key)
        reply.header('set-cookie', stringifySetCookie({ ...attributes, value }))
      }
    } satisfies DeviceCookie)
  },
  { name: 'device-cookie', dependencies: ['clock', 'config', 'database', 'derive-key'] }
)
