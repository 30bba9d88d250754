import { Type } from '@sinclair/typebox'
import { test } from 'tap'
import {
  CurrentPassword,
  Email,
  EmailToken,
  KnownEmail,
  list,
  names,
  nullable,
  oneNameAtLeast,
  reference,
  strict,
  Text,
  Time,
  Username,
  UUID
} from '../../../src/schemas/fields.ts'
import { User } from '../../../src/schemas/users.ts'
import { letters, validator } from '../../helpers/schemas.ts'

test('a username', (t) => {
  const faultsOf = validator(Username)
  for (const name of ['ada', 'a.b', 'A_b-9', letters(32), '123']) t.strictSame(faultsOf(name), [], name)
  const shape = 'must be letters, digits, dots, underscores and hyphens, with a letter or digit at either end'
  const table: [name: unknown, fault: string][] = [
    ['ab', 'must have at least 3 characters'],
    [letters(33), 'must have at most 32 characters'],
    [7, 'must be string'],
    ...['.ada', 'ada-', 'a da', 'ada@', 'ädä', 'ada\n'].map((name): [string, string] => [name, shape])
  ]
  for (const [name, fault] of table) t.strictSame(faultsOf(name), [fault], String(name))
  t.end()
})

test('a new email address is one that a mail server can be given; a known one need not be', (t) => {
  const [faultsOf, faultsOfKnown] = [validator(Email), validator(KnownEmail)]
  for (const email of ['ada@example.com', 'a+b@x.example.com', `${letters(64)}@example.com`]) {
    t.strictSame([faultsOf(email), faultsOfKnown(email)], [[], []], email)
  }
  for (const email of [`${letters(65)}@example.com`, `a@${letters(64)}.com`, 'a%b@example.com', 'a!b@example.com']) {
    t.strictSame(faultsOf(email), ['must be an email address'], email)
  }
  t.strictSame(faultsOf('=?utf-8?q?a?=@example.com'), ['must be an email address'])
  for (const email of ['ada', 'ada@', '@example.com', 'a b@example.com']) {
    t.strictSame(faultsOf(email), ['must be an email address'], email)
    t.strictSame(faultsOfKnown(email), ['must be an email address'], email)
  }
  const long = `ada@${`${letters(60)}.`.repeat(5)}com`
  t.match(faultsOfKnown(long), ['must have at most 254 characters'])
  t.end()
})

test('one name at least', (t) => {
  const faultsOf = validator(Type.Object(names, oneNameAtLeast))
  t.strictSame(faultsOf({ username: 'ada' }), [])
  t.strictSame(faultsOf({ email: 'ada@example.com' }), [])
  t.strictSame(faultsOf({ username: 'ada', email: 'ada@example.com' }), [])
  t.strictSame(faultsOf({}), ['at least one of username and email is required'])
  t.strictSame(faultsOf({ username: 'ada', role: 'admin' }), ['/role is not a known key'])
  t.end()
})

test('tokens of mails and passwords are bounded', (t) => {
  for (const [schema, limit] of [
    [EmailToken, 512],
    [CurrentPassword, 1024]
  ] as const) {
    const faultsOf = validator(schema)
    t.strictSame(faultsOf('x'), [])
    t.strictSame(faultsOf(letters(limit)), [])
    t.strictSame(faultsOf(''), ['must have at least 1 characters'])
    t.strictSame(faultsOf(letters(limit + 1)), [`must have at most ${limit} characters`])
  }
  t.end()
})

test('an id is a UUID in either case', (t) => {
  const pattern = new RegExp(UUID)
  for (const id of ['0198a3c2-7f00-7000-8000-000000000001', '0198A3C2-7F00-7000-8000-00000000000F']) {
    t.ok(pattern.test(id), id)
  }
  for (const id of ['', '0198a3c27f0070008000000000000001', '0198a3c2-7f00-7000-8000-00000000000g', '{…}']) {
    t.notOk(pattern.test(id), id)
  }
  t.end()
})

test('times, lists, null and references', (t) => {
  t.strictSame(validator(Time)('2026-01-31T12:00:00.000Z'), [])
  t.equal(validator(Time)('yesterday').length, 1)
  const faultsOf = validator(list({ name: nullable(Text) }))
  t.strictSame(faultsOf([{ name: 'a' }, { name: null }]), [])
  t.strictSame(faultsOf([{}]), ['/0/name is required'])
  t.strictSame(faultsOf([{ name: 'a', more: 1 }]), ['/0/more is not a known key'])
  t.strictSame(reference(User, 'The user.').$ref, 'User#')
  t.equal(validator(Type.Object({ user: reference(User, 'The user.') }, strict))({ user: {} }).length, 5)
  t.end()
})
