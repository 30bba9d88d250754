import Fastify from 'fastify'
import { test } from 'tap'
import adminConsole from '../../../plugins/admin/console.ts'

test('reads the console of the folder given, and otherwise that of the build', async (t) => {
  const consoleFolder = t.testdir({ 'console.js': '', 'console.css': '' })
  const rows: [options: object, expected: object | undefined][] = [
    [{ consoleFolder }, { sheet: { type: 'text/css; charset=utf-8' } }],
    [{ consoleFolder: t.testdirName.concat('-nowhere') }, undefined]
  ]
  for (const [options, expected] of rows) {
    const fastify = Fastify()
    await fastify.register(adminConsole, options)
    t.match(fastify.consoleFiles, expected)
  }
  const fastify = Fastify()
  await fastify.register(adminConsole)
  t.ok(fastify.hasDecorator('consoleFiles'))
})
