import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify'
import type { Test } from 'tap'
import { options } from '../../src/app.ts'
import type { AppOptions } from '../../src/app-options.ts'

interface Parts extends AppOptions {
  plugins: FastifyPluginCallback<AppOptions>[]
  /** Where the log goes. */
  log?: Record<string, unknown>[]
}

/** An application of a few plugins alone, with the production options; it is closed with the test and not yet ready. */
export function assemble(t: Test, { plugins, log, ...given }: Parts): FastifyInstance {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      const { level, time, pid, hostname, ...line } = JSON.parse(String(chunk))
      log?.push(line)
      done()
    }
  })
  const fastify = Fastify({ ...options, logger: { ...options.logger, level: 'info', stream } })
  for (const plugin of plugins) fastify.register(plugin, given)
  t.teardown(() => fastify.close())
  return fastify as unknown as FastifyInstance
}
