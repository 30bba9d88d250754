import Fastify from 'fastify'
import fp from 'fastify-plugin'
import { test } from 'tap'
import adminConsole from '../../../plugins/admin/console.ts'

const config = fp(
  async (fastify) => {
    fastify.decorate('config', { PAGES: 'on' } as never)
  },
  { name: 'config' }
)

/** An application with no more than the console. */
async function register(options: object) {
  const fastify = Fastify()
  await fastify.register(config)
  await fastify.register(adminConsole, options)
  return fastify
}

test('reads the console of the folder given, and otherwise that of the build', async (t) => {
  const consoleFolder = t.testdir({ 'console.js': '', 'console.css': '' })
  const rows: [options: object, expected: object | undefined][] = [
    [{ consoleFolder }, { sheet: { type: 'text/css; charset=utf-8' } }],
    [{ consoleFolder: t.testdirName.concat('-nowhere') }, undefined]
  ]
  for (const [options, expected] of rows) {
    const fastify = await register(options)
    t.match(fastify.consoleFiles, expected)
  }
  const fastify = await register({})
  t.ok(fastify.hasDecorator('consoleFiles'))
})
