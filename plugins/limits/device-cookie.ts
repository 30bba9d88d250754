import { stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../src/clock.ts'
import type { Config } from '../../src/config/config.ts'
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

/** Recognises the devices from which a user has signed in, so that strangers who guess cannot lock the owner out. */
export interface DeviceCookie {
  /**
   * Reads the device cookie of a request, once. Only `isDeviceOf` says whether the device is still one of an account. Read
   * it before the account is looked up, so that the cost is the same whether the account exists.
   */
  deviceOf(request: FastifyRequest): Device | undefined
  /**
   * Sets the device cookie, in the answer to a client that has proven to own the account. Keeps a valid cookie of another
   * account: a login that an attacker triggers must not take the owner's device away. Does nothing if LIMITS is off.
   */
  rememberDevice(reply: FastifyReply, account: DeviceOwner): Promise<void>
}

interface Parts {
  clock: Clock
  config: Pick<Config, 'LIMITS' | 'PUBLIC_URL'>
  key: Buffer
}

const NAME = 'latchkey_device'

export function createDeviceCookie({ clock, config, key }: Parts): DeviceCookie {
  const secure = !isPlainLoopback(config.PUBLIC_URL)
  const attributes = {
    name: NAME,
    path: '/',
    maxAge: DEVICE_LIFETIME,
    httpOnly: true,
    secure,
    sameSite: 'lax'
  } as const
  const devices = new WeakMap<FastifyRequest, { device: Device | undefined }>()

  function deviceOf(request: FastifyRequest): Device | undefined {
    const known = devices.get(request)
    if (known) return known.device
    const token = cookieValue(request.headers.cookie, NAME)
    const device = token === undefined ? undefined : readDeviceToken(token, clock.now(), key)
    devices.set(request, { device })
    return device
  }

  async function belongsToAnother(request: FastifyRequest, { id }: DeviceOwner): Promise<boolean> {
    const device = deviceOf(request)
    if (!device || device.id === id) return false
    // The request has succeeded: a database that fails now must not turn it into a refusal.
    const owner = await findDeviceOwner(request.database, device.id).catch(() => device)
    return isDeviceOf(device, owner)
  }

  return {
    deviceOf,
    async rememberDevice(reply, account) {
      if (config.LIMITS === 'off' || (await belongsToAnother(reply.request, account))) return
      const value = createDeviceToken(account, clock.now(), key)
      reply.header('set-cookie', stringifySetCookie({ ...attributes, value }))
    }
  }
}
