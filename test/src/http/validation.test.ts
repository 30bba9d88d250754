import { type TSchema, Type } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { test } from 'tap'
import type { Fault } from '../../../src/errors.ts'
import { describeFaults, STRICT } from '../../../src/http/validation.ts'
import { UserPatch } from '../../../src/schemas/admin/users.ts'
import { Username } from '../../../src/schemas/fields.ts'
import { Login } from '../../../src/schemas/sessions.ts'
import { Registration } from '../../../src/schemas/users.ts'

const ajv = new Ajv(STRICT)
addFormats.default(ajv, { mode: 'full' })

/** The faults of a value under the options with which requests are validated. */
function faultsOf(schema: TSchema, value: unknown): Fault[] {
  const fits = ajv.compile(schema)
  return fits(value) ? [] : describeFaults(fits.errors as ErrorObject[])
}

const USERNAME = 'must be letters, digits, dots, underscores and hyphens, with a letter or digit at either end'
const password = 'x'

const faulty: [string, TSchema, unknown, Fault[]][] = [
  ['a missing key', Login, { username: 'ada' }, [{ path: '/password', message: 'is required' }]],
  [
    'an unknown key',
    Login,
    { username: 'ada', password, admin: true },
    [{ path: '/admin', message: 'is not a known key' }]
  ],
  ['a value of another type', Login, { username: 5, password }, [{ path: '/username', message: 'must be string' }]],
  ['a body of another type', Registration, [], [{ path: '', message: 'must be object' }]],
  [
    'a value that is too short',
    Registration,
    { username: 'ad', password },
    [{ path: '/username', message: 'must have at least 3 characters' }]
  ],
  [
    'a value that is too long',
    Registration,
    { username: 'a'.repeat(33), password },
    [{ path: '/username', message: 'must have at most 32 characters' }]
  ],
  [
    'a value of another pattern',
    Registration,
    { username: '-ada', password },
    [{ path: '/username', message: USERNAME }]
  ],
  [
    'a value of another format',
    Registration,
    { email: 'ada', password },
    [{ path: '/email', message: 'must be an email address' }]
  ],
  [
    'a value that may be null',
    UserPatch,
    { email: 'ada', username: '-' },
    [
      { path: '/username', message: `must be ${Username.description}, or null` },
      { path: '/email', message: 'must be an email address, or null' }
    ]
  ],
  [
    'neither of two keys, either of which would do',
    Registration,
    { password },
    [{ path: '', message: 'at least one of username and email is required' }]
  ],
  [
    'neither of two keys, one of which must be there',
    Login,
    { password },
    [{ path: '', message: 'exactly one of username and email is required' }]
  ],
  [
    'both of two keys, one of which must be there',
    Login,
    { username: 'ada', email: 'ada@example.com', password },
    [{ path: '', message: 'exactly one of username and email is required' }]
  ],
  [
    'several faults at once',
    Login,
    { username: '', password: 5, admin: true },
    [
      { path: '/admin', message: 'is not a known key' },
      { path: '/username', message: 'must have at least 1 characters' },
      { path: '/password', message: 'must be string' }
    ]
  ],
  [
    'a key deep inside',
    Type.Object({ list: Type.Array(Type.Object({ name: Type.String() })) }),
    { list: [{ name: 'x' }, {}] },
    [{ path: '/list/1/name', message: 'is required' }]
  ]
]

test('the faults of a request are told for', async (t) => {
  for (const [what, schema, value, faults] of faulty) {
    await t.test(what, async (t) => t.strictSame(faultsOf(schema, value), faults))
  }
})

const unknown: [string, string, string][] = [
  ['is escaped as RFC 6901 says', 'a/b~c', '/a~1b~0c'],
  ['of 63 characters is given back whole', 'k'.repeat(63), `/${'k'.repeat(63)}`],
  ['of 64 characters is cut', 'k'.repeat(64), `/${'k'.repeat(63)}`],
  ['is not cut through an escape', `${'k'.repeat(62)}/rest`, `/${'k'.repeat(62)}`],
  ['is cut after an escape', `${'k'.repeat(61)}/rest`, `/${'k'.repeat(61)}~1`],
  ['is not cut through a surrogate pair', `${'k'.repeat(62)}🔑`, `/${'k'.repeat(62)}`],
  ['is cut after a surrogate pair', `${'k'.repeat(61)}🔑rest`, `/${'k'.repeat(61)}🔑`],
  ['may be empty', '', '/']
]

test('an unknown key in the path of its fault', async (t) => {
  for (const [what, key, path] of unknown) {
    await t.test(what, async (t) => {
      const faults = faultsOf(Login, { username: 'ada', password, [key]: 1 })
      t.strictSame(faults, [{ path, message: 'is not a known key' }])
    })
  }
})

test('no more than twenty faults are told, and no value', (t) => {
  const secrets = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`key${index}`, 'hunter2']))
  const faults = faultsOf(Login, { username: 'ada', password, ...secrets })
  t.strictSame(
    faults,
    Array.from({ length: 20 }, (_, index) => ({ path: `/key${index}`, message: 'is not a known key' }))
  )
  t.end()
})
