import { test } from 'tap'
import config from '../../plugins/config.ts'
import { ConfigurationError, readConfig } from '../../src/config/config.ts'
import { assemble } from '../helpers/assemble.ts'
import { caught } from '../helpers/caught.ts'

test('the configuration', async (t) => {
  const umask = process.umask()
  t.teardown(() => process.umask(umask))

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

  await t.test('closes what is made to others, also where fastify-cli starts the application', async (t) => {
    process.umask(0o022)
    t.intercept(process, 'env', { value: {} })
    await assemble(t, { plugins: [config] }).ready()
    t.equal(process.umask(), 0o077)
  })

  await t.test('stops the start when it does not fit', async (t) => {
    t.intercept(process, 'env', { value: { PORT: 'http' } })
    const fastify = assemble(t, { plugins: [config] })
    const error = await caught(fastify.ready() as unknown as Promise<unknown>)
    t.ok(error instanceof ConfigurationError)
    t.equal(error.message, 'The configuration is invalid:\n  - PORT must be a port from 1 to 65535')
  })

  await t.test('is not read beside a .env that cannot be applied, whoever starts the application', async (t) => {
    const folder = process.cwd()
    t.teardown(() => process.chdir(folder))
    process.chdir(t.testdir({ '.env': {} }))
    const error = await caught(assemble(t, { plugins: [config] }).ready() as unknown as Promise<unknown>)
    t.match(error, { name: 'EnvironmentFileError', message: '/.env cannot be read: EISDIR: ' })
  })

  await t.test('warns of a PUBLIC_URL that no client can reach, and of one without TLS', async (t) => {
    const cases: [environment: Record<string, string>, warning: string | undefined][] = [
      [{}, undefined],
      [{ HOST: '0.0.0.0' }, 'PUBLIC_URL is http://0.0.0.0:3000, which no client can reach: '],
      [{ HOST: '::', PORT: '80' }, 'PUBLIC_URL is http://[::], which no client can reach: '],
      [
        { HOST: '0.0.0.0', PUBLIC_URL: 'http://auth.example.com' },
        'PUBLIC_URL is http://auth.example.com, without TLS: '
      ],
      // Behind a proxy on the same machine.
      [{ PUBLIC_URL: 'http://auth.example.com' }, 'PUBLIC_URL is http://auth.example.com, without TLS: '],
      [{ PUBLIC_URL: 'http://0.0.0.0:3000' }, 'PUBLIC_URL is http://0.0.0.0:3000, which no client can reach: '],
      [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost:3000' }, undefined],
      [{ HOST: '0.0.0.0', PUBLIC_URL: 'https://auth.example.com' }, undefined]
    ]
    for (const [environment, warning] of cases) {
      const log: Record<string, unknown>[] = []
      await assemble(t, { plugins: [config], config: readConfig(environment), log }).ready()
      t.match(log, warning === undefined ? [] : [{ msg: warning }], JSON.stringify(environment))
      t.equal(log.length, warning === undefined ? 0 : 1)
    }
  })
})
