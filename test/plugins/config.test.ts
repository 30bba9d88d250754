import { test } from 'tap'
import config from '../../plugins/config.ts'
import { ConfigurationError, readConfig } from '../../src/config.ts'
import { assemble } from '../assemble.ts'
import { caught } from '../caught.ts'

test('the configuration', async (t) => {
  await t.test('is the one that is given', async (t) => {
    const given = readConfig({ PORT: '8080' })
    const fastify = assemble(t, { plugins: [config], config: given })
    await fastify.ready()
    t.equal(fastify.config, given)
  })

  await t.test('is otherwise read from the environment', async (t) => {
    t.intercept(process, 'env', { value: { PORT: '9090' } })
    const fastify = assemble(t, { plugins: [config] })
    await fastify.ready()
    t.strictSame(fastify.config, readConfig({ PORT: '9090' }))
  })

  await t.test('stops the start when it does not fit', async (t) => {
    t.intercept(process, 'env', { value: { PORT: 'http' } })
    const fastify = assemble(t, { plugins: [config] })
    const error = await caught(fastify.ready() as unknown as Promise<unknown>)
    t.ok(error instanceof ConfigurationError)
    t.equal(error.message, 'The configuration does not fit:\n  - PORT must be a port from 1 to 65535')
  })
})
