import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'tap'
import { mapValues, type Schema, simplify } from '../../../plugins/schemas/simplify.ts'

const text = { type: 'string' }
const nothing = { type: 'null' }
const strict = { type: 'object', additionalProperties: false }
const unnamed = () => undefined

/** Every combination of these keys, each with each of these values. */
function objectsOf(keys: string[], values: unknown[]): object[] {
  return keys.reduce<object[]>(
    (objects, key) => objects.flatMap((object) => [object, ...values.map((value) => ({ ...object, [key]: value }))]),
    [{}]
  )
}

const CASES: [name: string, schema: Schema, simple: Schema][] = [
  [
    'one of two keys',
    {
      ...strict,
      properties: { a: text, b: text, c: text },
      required: ['c'],
      oneOf: [{ required: ['a'] }, { required: ['b'] }]
    },
    {
      oneOf: [
        { ...strict, required: ['c', 'a'], properties: { a: text, c: text } },
        { ...strict, required: ['c', 'b'], properties: { b: text, c: text } }
      ]
    }
  ],
  [
    'one of two keys or both',
    { ...strict, properties: { a: text, b: text }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    {
      anyOf: [
        { ...strict, required: ['a'], properties: { a: text, b: text } },
        { ...strict, required: ['b'], properties: { a: text, b: text } }
      ]
    }
  ],
  [
    'a key that may be null',
    { ...strict, properties: { a: { anyOf: [{ ...text, minLength: 1 }, nothing], description: 'a text' } } },
    { ...strict, properties: { a: { type: ['string', 'null'], minLength: 1, description: 'a text' } } }
  ],
  [
    'an object or a word that may be null',
    {
      ...strict,
      properties: { a: { anyOf: [{ ...strict }, nothing] }, b: { anyOf: [{ ...text, enum: ['x'] }, nothing] } }
    },
    {
      ...strict,
      properties: { a: { anyOf: [{ ...strict }, nothing] }, b: { anyOf: [{ ...text, enum: ['x'] }, nothing] } }
    }
  ],
  [
    'a list, and one of two lists',
    {
      ...strict,
      properties: {
        a: { type: 'array', items: { anyOf: [text, nothing] } },
        b: { oneOf: [{ type: 'array', items: { anyOf: [text, nothing] } }, { type: 'integer' }] }
      }
    },
    {
      ...strict,
      properties: {
        a: { type: 'array', items: { type: ['string', 'null'] } },
        b: { oneOf: [{ type: 'array', items: { type: ['string', 'null'] } }, { type: 'integer' }] }
      }
    }
  ],
  [
    'three kinds',
    { ...strict, properties: { a: { anyOf: [text, { type: 'integer' }, nothing] } } },
    { ...strict, properties: { a: { anyOf: [text, { type: 'integer' }, nothing] } } }
  ]
]

test('a schema is rewritten for generators, and accepts the same values', async (t) => {
  const ajv = new Ajv2020({ strict: false })
  const values = objectsOf(['a', 'b', 'c', 'd'], ['', 'x', null, 5, {}, [null], [5]])
  for (const [name, schema, simple] of CASES) {
    t.strictSame(simplify(schema, unnamed), simple, name)
    const [before, after] = [ajv.compile(schema), ajv.compile(simple)]
    t.strictSame(
      values.filter((value) => before(value) !== after(value)),
      [],
      name
    )
  }
})

test('what stands beside a reference goes, and what has a name becomes a reference', async (t) => {
  t.strictSame(simplify({ $ref: '#/a', description: 'beside it' }, unnamed), { $ref: '#/a' })
  const named = (schema: Schema) => (schema.format === 'date-time' ? { $ref: '#/Time' } : undefined)
  const time = { type: 'string', format: 'date-time' }
  t.strictSame(simplify({ type: 'array', items: time }, named), { type: 'array', items: { $ref: '#/Time' } })
})

test('an object has other values under the same keys', async (t) => {
  t.strictSame(
    mapValues({ a: 1, b: 2 }, (value, key) => `${key}${value}`),
    { a: 'a1', b: 'b2' }
  )
})
