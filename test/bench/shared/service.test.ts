import { ask } from '@latchkey/compare/measure/client'
import { test } from 'tap'
import { Service } from '../../../bench/shared/service.ts'
import { fakes } from '../bench/fake.ts'

test('a service runs from its start to its stop', async (t) => {
  const program = fakes(t).place.programs.service
  const service = await Service.start({ program, databaseUrl: 'postgres://nowhere/latchkey' })
  t.equal((await ask(service.base, 'GET', '/secret')).status, 200)
  t.match(await service.stop(), { code: 0 })
  t.equal((await ask(service.base, 'GET', '/secret')).code, 'ECONNREFUSED')
})

test('a service that does not start fails with its log', async (t) => {
  const program = fakes(t).place.programs.service
  const starting = Service.start({ program, wrapper: ['env', 'FAULT=start'] })
  await t.rejects(starting, { message: 'the service did not start:\nno such database\n' })
})
