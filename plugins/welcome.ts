import type { AddressInfo } from 'node:net'
import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import { welcome } from '../src/cli/welcome.ts'
import { isUnspecified } from '../src/http/loopback.ts'

/** Prints a welcome if the service was started on a terminal. */
export default fp<AppOptions>(
  async (fastify, { terminal = process.stdout }) => {
    if (!terminal.isTTY) return
    fastify.addHook('onListen', async () => {
      const { address, port, family } = fastify.server.address() as AddressInfo
      const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
      const reachable = isUnspecified(url) ? `http://localhost:${port}` : url
      terminal.write(welcome(fastify.config, reachable, fastify.mail.mailbox?.url))
    })
  },
  { name: 'welcome', dependencies: ['config', 'mail'] }
)
