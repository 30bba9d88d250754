import { KEYS, MARK, TYPES, VALUES } from '@latchkey/contract/suite/oddities'
import fc from 'fast-check'
import type { Operation, Schema } from './document.ts'
import type { Part } from './part.ts'
import type { Known } from './world.ts'

/** A body, and what its content type says; nothing where there is none. */
export interface Body {
  bytes?: Buffer
  type?: string | undefined
  chunked?: boolean
}

/** A key and its value, both as they stand in a JSON text. */
type Field = [key: string, value: Part<string>]

const FORM = 'application/x-www-form-urlencoded'

/** Bodies that fit the operation's schema. */
export function fittingBodies({ requestBody }: Operation): fc.Arbitrary<Part<Body>> {
  if (!requestBody) return fc.constant(() => ({}))
  return fc.oneof(
    ...Object.entries(requestBody.content).map(([type, { schema }]) =>
      written(fittingFields(schema), fc.constant(type))
    )
  )
}

/** Bodies that nearly fit it, and others that are far from it. */
export function oddBodies({ requestBody }: Operation): fc.Arbitrary<Part<Body>> {
  const content = Object.entries(requestBody?.content ?? { 'application/json': { schema: {} } })
  const type = fc.constantFrom(...content.map(([type]) => type))
  const oddType = fc.oneof(fc.constant(undefined), fc.constantFrom(...TYPES))
  const fields = fc.oneof(...content.map(([, { schema }]) => fittingFields(schema)))
  return fc.oneof(
    {
      weight: requestBody ? 6 : 0,
      arbitrary: written(fc.tuple(fields, fc.array(mutations, { minLength: 1, maxLength: 2 })).map(mutated), type)
    },
    { weight: 3, arbitrary: written(fields, oddType) },
    { weight: 5, arbitrary: fc.record({ bytes: oddBytes, type }).map((body) => () => body) },
    { weight: 1, arbitrary: fc.record({ bytes: oddBytes, type: oddType }).map((body) => () => body) },
    {
      weight: 1,
      arbitrary: fc.tuple(written(fields, type), fc.nat({ max: 80 })).map(([body, end]) => truncated(body, end))
    },
    { weight: 1, arbitrary: type.map((type) => () => ({ type })) }
  )
}

/** Every required key, and some of the others, of one of the objects where there are several. */
function fittingFields({ properties = {}, required = [], anyOf, oneOf }: Schema): fc.Arbitrary<Field[]> {
  const union = oneOf ?? anyOf
  if (union) return fc.oneof(...union.map(fittingFields))
  return fc
    .record({
      values: fc.tuple(
        ...Object.entries(properties).map(([key, schema]) => fc.tuple(fc.constant(key), fittingValues(key, schema)))
      ),
      wanted: fc.subarray(Object.keys(properties))
    })
    .map(({ values, wanted }) =>
      values
        // The current password may be left out with a token of two factors alone, which nobody here has.
        .filter(([key]) => required.includes(key) || wanted.includes(key) || key === 'current_password')
        .map(([key, value]): Field => [JSON.stringify(key), value])
    )
}

/** What is known by that name, where something is, an example, or anything that fits. */
function fittingValues(key: string, schema: Schema): fc.Arbitrary<Part<string>> {
  if (schema.type === 'boolean') return fc.boolean().map((value) => () => `${value}`)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((each) => fittingValues(key, each)))
  const [example = MARK] = schema.examples ?? []
  const fixed = fixedValues(schema)
  if (fixed) return fc.constantFrom(...fixed).map((value) => () => JSON.stringify(value))
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(({ own }: Known) => JSON.stringify(own[key] ?? example)) },
    { weight: 1, arbitrary: fc.constant(({ former }: Known) => JSON.stringify(former[key] ?? example)) },
    { weight: 2, arbitrary: fc.constant(() => JSON.stringify(example)) },
    { weight: 4, arbitrary: fittingTexts(schema).map((text) => () => JSON.stringify(text)) }
  )
}

/** Values of what is no text. */
function fixedValues({ type, items, examples, enum: values, const: only }: Schema): unknown[] | undefined {
  if (values) return values
  if (only !== undefined) return [only]
  if (type === 'array') return examples ?? [items?.enum?.slice(0, 2) ?? items?.anyOf?.map((each) => each.const) ?? []]
  if (type === 'object') return examples ?? [{}]
  if (type === 'integer') return [60]
  return type === 'null' ? [null] : undefined
}

function fittingTexts(schema: Schema): fc.Arbitrary<string> {
  const { pattern, format, minLength = 0, maxLength = 2000, examples = [MARK] } = schema
  if (format === 'email') return fc.emailAddress()
  // fast-check makes no text for assertions.
  if (pattern && /\(\?<?[=!]/.test(pattern)) return fc.constantFrom(...(examples as string[]))
  if (!pattern) return fc.string({ unit: 'grapheme', minLength, maxLength, size: 'medium' })
  return fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length >= minLength && length <= maxLength)
}

type Mutation = (fields: Field[]) => Field[]

const oddKeys = fc.oneof(fc.constantFrom(...KEYS), fc.string({ unit: 'binary' })).map((key) => JSON.stringify(key))
const oddValues = fc.oneof(fc.constantFrom(...VALUES), fc.json()).map(
  (text): Part<string> =>
    () =>
      text
)

const mutations: fc.Arbitrary<Mutation> = fc
  .record({ at: fc.nat({ max: 5 }), key: oddKeys, value: oddValues })
  .chain(({ at, key, value }) =>
    fc.constantFrom<Mutation>(
      (fields) => fields.toSpliced(at % fields.length, 1),
      (fields) => [...fields, [key, value]],
      (fields) => [[key, value], ...fields],
      (fields) => fields.with(at % fields.length, [fields[at % fields.length]?.[0] ?? key, value]),
      (fields) => fields.with(at % fields.length, [key, fields[at % fields.length]?.[1] ?? value]),
      (fields) => [...fields, [fields[at % fields.length]?.[0] ?? key, value]]
    )
  )

const mutated = ([fields, mutations]: [Field[], Mutation[]]) =>
  mutations.reduce((each, mutate) => (each.length > 0 ? mutate(each) : each), fields)

const oddBytes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 4, arbitrary: fc.integer({ min: 16_385, max: 40_000 }).map((length) => Buffer.alloc(length, '"')) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('', ' ', '\ufeff{}', '{', '{"a":1}}', "{'a': 1}", '{"a":1,}', `a=${MARK}&a=1`, 'a=%ff', '%', '&&==')
      .map((text) => Buffer.from(text))
  }
)

function written(fields: fc.Arbitrary<Field[]>, types: fc.Arbitrary<string | undefined>): fc.Arbitrary<Part<Body>> {
  return fc.record({ fields, type: types, chunked: fc.boolean() }).map(({ fields, type, chunked }) => (known) => {
    const entries = fields.map(([key, value]) => [key, value(known)] as const)
    const text = type === FORM ? formOf(entries) : `{${entries.map((entry) => entry.join(':')).join(',')}}`
    return { bytes: Buffer.from(text), type, chunked }
  })
}

/** The same as a form: texts as they are, everything else as its JSON. */
function formOf(entries: (readonly [string, string])[]): string {
  const plain = (json: string) => {
    const value = JSON.parse(json)
    return typeof value === 'string' ? value : json
  }
  return new URLSearchParams(entries.map(([key, value]): [string, string] => [plain(key), plain(value)])).toString()
}

const truncated =
  (body: Part<Body>, end: number): Part<Body> =>
  (known) => {
    const { bytes, ...rest } = body(known)
    return { ...rest, ...(bytes && { bytes: bytes.subarray(0, end) }) }
  }
