import { join } from 'node:path'
import { ask } from '@latchkey/compare/measure/client'
import { test } from 'tap'
import { BUILT, command, ProgramError, startService } from '../../../bench/bench/programs.ts'
import { fakes } from './fake.ts'

test('what was built is started', (t) => {
  t.match(BUILT.service, ['--max-semi-space-size=8', /\/dist\/src\/server\.js$/])
  t.match(BUILT.latchkey, [/\/dist\/src\/latchkey\.js$/])
  t.end()
})

test('a service is there from its start to its stop', async (t) => {
  const { place, store } = fakes(t)
  const { name, url, stop } = await startService(store('one'), place)
  t.equal(name, 'one')
  t.equal((await ask(url.origin, 'GET', '/secret')).status, 200)
  await stop()
  t.equal((await ask(url.origin, 'GET', '/secret')).code, 'ECONNREFUSED')
})

test('a service that ends in place of starting says why', async (t) => {
  const { place, store } = fakes(t)
  await t.rejects(startService(store('one', 'start'), place), {
    constructor: ProgramError,
    message: 'one did not start:\nno such database\n'
  })
})

test('a service that never becomes ready is not waited for forever', async (t) => {
  const { place, store } = fakes(t)
  await t.rejects(startService(store('one', 'ready'), place, { startMs: 100 }), { message: 'one did not start:\n' })
})

test('a service that does not stop is killed, and that is said', async (t) => {
  const { place, store } = fakes(t)
  const { stop } = await startService(store('one', 'stop'), place, { stopMs: 100 })
  await t.rejects(stop(), { constructor: ProgramError, message: 'one did not stop:\nbusy\n' })
})

test('a command that fails is a fault', async (t) => {
  const { place, store } = fakes(t)
  const file = join(t.testdir({ accounts: '{"username":"ada"}' }), 'accounts')
  await t.rejects(command(['users', 'import', file], store('one', 'import'), place), {
    constructor: ProgramError,
    message: `one: Command failed: ${[process.execPath, ...place.programs.latchkey, 'users import', file].join(' ')}\nno room\n`
  })
})
