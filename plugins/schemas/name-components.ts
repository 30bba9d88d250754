import type { Code } from '../../src/errors.ts'
import { PARTS } from './parts.ts'
import { mapValues, type Schema, simplify } from './simplify.ts'

interface Media {
  schema: Schema
  [more: string]: unknown
}

interface Answer {
  description: string
  headers?: Record<string, unknown>
  content?: Record<string, Media>
}

interface Parameter {
  schema: Schema
  description?: string
  example?: unknown
  [more: string]: unknown
}

interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, Answer>
}

/** An OpenAPI document as @fastify/swagger generates it. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; [more: string]: unknown }
}

/**
 * Turns bodies, answers and refusals into named components, of which generators of clients make types. A body is named
 * after its operation, as `LoginRequest`, and so is an answer without a name of its own, as `LoginResponse`. A refusal
 * is named after its status and codes, and has only these codes.
 */
export function nameComponents(document: OpenApiDocument) {
  const schemas: Record<string, Schema> = {}
  const refusals: Record<string, Answer> = {}

  function named(name: string, schema: Schema): Schema {
    schemas[name] = schema
    return { $ref: `#/components/schemas/${name}` }
  }

  /** The reference to the shared part that a schema is, if it is one. */
  function partOf(schema: Schema): Schema | undefined {
    const name = PART_NAMES.get(contentOf(schema))
    return name === undefined
      ? undefined
      : named(
          name,
          simplify(PARTS[name] as Schema, () => undefined)
        )
  }

  /** @fastify/swagger moves the description and the example of a parameter out of its schema. */
  function parameter(given: Parameter) {
    const { schema, description, example, ...rest } = given
    const part = partOf({ ...schema, description, ...(example !== undefined && { examples: [example] }) })
    return part ? { ...rest, schema: part } : given
  }

  const content = (name: string, media: Record<string, Media>) =>
    mapValues(media, ({ schema, ...more }) => {
      const simple = simplify(schema, partOf)
      return { ...more, schema: simple.$ref || simple.type === 'string' ? simple : named(name, simple) }
    })

  function refusal(status: string, answer: Answer) {
    const codes = answer.description.split(', ') as Code[]
    const name = refusalName(status, codes)
    refusals[name] = {
      ...answer,
      content: mapValues(answer.content as Record<string, Media>, (media) => narrow(media, codes))
    }
    return { $ref: `#/components/responses/${name}` }
  }

  function operation({ parameters, requestBody, responses, ...rest }: Operation) {
    const name = `${rest.operationId.charAt(0).toUpperCase()}${rest.operationId.slice(1)}`
    return {
      ...rest,
      ...(parameters && { parameters: parameters.map(parameter) }),
      ...(requestBody && { requestBody: { ...requestBody, content: content(`${name}Request`, requestBody.content) } }),
      responses: mapValues(responses, (answer, status) => {
        if (Number(status) >= 400) return refusal(status, answer)
        return answer.content ? { ...answer, content: content(`${name}Response`, answer.content) } : answer
      })
    }
  }

  const paths = mapValues(document.paths, (operations) => mapValues(operations, operation))
  for (const [name, schema] of Object.entries(document.components.schemas)) named(name, simplify(schema, partOf))
  return { ...document, paths, components: { ...document.components, schemas, responses: refusals } }
}

/** The shared parts by their content: in the document of @fastify/swagger they have no names. */
const PART_NAMES = new Map(Object.entries(PARTS).map(([name, part]) => [contentOf(part), name]))

/** A schema as text, whatever the order of its keywords. */
function contentOf(schema: Schema): string {
  const sorted = (_key: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value
  return JSON.stringify(schema, sorted)
}

/**
 * The codes that most operations answer a status with, for each status that has several codes. They are not part of the
 * name of a refusal.
 */
const USUAL: Record<string, Code[]> = {
  400: ['VALIDATION_FAILED', 'MALFORMED_REQUEST'],
  401: ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED'],
  403: ['FORBIDDEN'],
  409: ['ACCOUNT_EXISTS'],
  503: ['OVERLOADED', 'DATABASE_UNAVAILABLE']
}

/** Depends on the status and the codes alone, so that it stays the same when operations are added. */
function refusalName(status: string, codes: Code[]): string {
  const usual = USUAL[status] ?? codes
  if (!usual.every((code) => codes.includes(code))) return codes.join('.')
  return [`E${status}`, ...codes.filter((code) => !usual.includes(code))].join('.')
}

function narrow({ schema, ...media }: Media, codes: Code[]): Media {
  return {
    ...media,
    schema: { allOf: [schema, { properties: { code: { type: 'string', enum: codes } }, required: ['code'] }] }
  }
}
