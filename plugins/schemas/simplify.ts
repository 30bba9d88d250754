/** A JSON schema, as far as the document reads and changes it. */
export interface Schema {
  [keyword: string]: unknown
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
}

/**
 * Rewrites a schema in the forms that generators of types understand. It accepts the same values as before.
 *
 * - A choice of keys, which is `required` beside `properties`, becomes a union of objects.
 * - A string, number or boolean that may be null has a list of types.
 * - Descriptions beside a reference are removed: they describe the answer, which has them itself.
 *
 * @param nameOf returns the reference for a schema that is a component of its own
 */
export function simplify(schema: Schema, nameOf: (schema: Schema) => Schema | undefined): Schema {
  if (schema.$ref) return { $ref: schema.$ref }
  const simple = (each: Schema) => simplify(each, nameOf)
  const { properties, items, anyOf, oneOf } = schema
  return (
    nameOf(schema) ??
    toTypeList(
      toUnion({
        ...schema,
        ...(properties && { properties: mapValues(properties, simple) }),
        ...(items && { items: simple(items) }),
        ...(anyOf && { anyOf: anyOf.map(simple) }),
        ...(oneOf && { oneOf: oneOf.map(simple) })
      })
    )
  )
}

/** The same object with other values. */
export const mapValues = <From, To>(
  object: Record<string, From>,
  change: (value: From, key: string) => To
): Record<string, To> => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))

/** With `oneOf`, each object has only its own of the keys to choose from; with `anyOf`, it requires another of them. */
function toUnion(schema: Schema): Schema {
  const { anyOf, oneOf, properties, required = [], ...rest } = schema
  const choices = oneOf ?? anyOf
  if (!choices || !properties) return schema
  const keys = choices.flatMap(({ required = [] }) => required)
  const union = choices.map(({ required: chosen = [] }) => {
    const others = oneOf ? keys.filter((key) => !chosen.includes(key)) : []
    const allowed = Object.entries(properties).filter(([key]) => !others.includes(key))
    return { ...rest, required: [...required, ...chosen], properties: Object.fromEntries(allowed) }
  })
  return { [oneOf ? 'oneOf' : 'anyOf']: union }
}

const SCALARS: unknown[] = ['string', 'integer', 'number', 'boolean']

function toTypeList(schema: Schema): Schema {
  const { anyOf = [], ...rest } = schema
  const [one, other] = anyOf
  const isNullable = anyOf.length === 2 && other?.type === 'null' && SCALARS.includes(one?.type) && !one?.enum
  return isNullable ? { ...one, ...rest, type: [String(one?.type), 'null'] } : schema
}
