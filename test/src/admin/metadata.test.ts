import { test } from 'tap'
import { mergePatch, validateMetadata } from '../../../src/admin/metadata.ts'

// RFC 7396 appendix A, as far as the patch or the target is an object.
const EXAMPLES: [target: unknown, patch: unknown, result: unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd']
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{}, { constructor: { b: null } }, { constructor: {} }]
]

test('a merge patch', (t) => {
  for (const [target, patch, result] of EXAMPLES) {
    const before = structuredClone(target)
    t.equal(JSON.stringify(mergePatch(target, patch)), JSON.stringify(result))
    t.strictSame(target, before)
  }
  t.end()
})

test('numbers in metadata that would not be stored as they were sent', (t) => {
  const message = 'must be a number from -(2^53 - 1) to 2^53 - 1; send another one as text'
  const faults = (...paths: string[]) => paths.map((path) => ({ path: `/metadata${path}`, message }))
  const accepted = [
    '0',
    '-0',
    '1.5',
    '1e-400',
    '0.1234567890123456789',
    '9007199254740991',
    '-9007199254740991',
    '9e15'
  ]
  for (const number of accepted) {
    const metadata = JSON.parse(`{"a": ${number}}`)
    t.equal(validateMetadata(metadata), metadata, number)
  }
  const refused: [json: string, ...paths: string[]][] = [
    ['{"a": 1e400}', '/a'],
    ['{"a": -1e400}', '/a'],
    ['{"a": 9007199254740993, "b": -9007199254740992, "c": 1}', '/a', '/b'],
    ['{"a": {"b/c": [1, 1e16]}}', '/a/b~1c/1'],
    [`{"${'k'.repeat(80)}": 1e16}`, `/${'k'.repeat(54)}`],
    [`{"a": [${Array(30).fill('1e16').join()}]}`, ...Array.from({ length: 20 }, (_, index) => `/a/${index}`)]
  ]
  for (const [json, ...paths] of refused) {
    t.throws(() => validateMetadata(JSON.parse(json)), { code: 'VALIDATION_FAILED', errors: faults(...paths) }, json)
  }
  t.end()
})

test('the limits of metadata', (t) => {
  const nested = (depth: number): Record<string, unknown> => (depth === 1 ? {} : { a: nested(depth - 1) })
  const accepted = [{}, { a: 'x'.repeat(4088) }, nested(8), { a: [[[[[[[1]]]]]]] }]
  for (const metadata of accepted) t.equal(validateMetadata(metadata), metadata)
  const refused: [Record<string, unknown>, string][] = [
    [{ a: 'x'.repeat(4089) }, 'must have at most 4096 bytes as JSON'],
    [{ a: 'ä'.repeat(2045) }, 'must have at most 4096 bytes as JSON'],
    [nested(9), 'must be at most 8 levels deep'],
    [{ a: [[[[[[[[]]]]]]]] }, 'must be at most 8 levels deep']
  ]
  for (const [metadata, message] of refused) {
    const errors = [{ path: '/metadata', message, rule: 'too_large' }]
    t.throws(() => validateMetadata(metadata), { code: 'VALIDATION_FAILED', errors })
  }
  t.end()
})
