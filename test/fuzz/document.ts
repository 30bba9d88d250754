import { inlined } from '@latchkey/contract/suite/inlined'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** The part of JSON Schema that request bodies and paths are described with. */
export interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  /** It is one of these. */
  anyOf?: Schema[]
  oneOf?: Schema[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
  examples?: unknown[]
}

interface Media {
  schema: Schema
}

interface Described {
  parameters?: { name: string; in: string; schema: Schema; example?: string }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media> }>
  security?: Record<string, string[]>[]
}

/** One method of one path, as the document describes it. */
export interface Operation extends Described {
  /** As `POST /login`. */
  name: string
  method: string
  path: string
}

/** Where a request's path leads: the operations there, by method, and the path's parameters. */
export interface Place {
  operations: Map<string, Operation>
  params: Record<string, string>
}

export interface OpenApi {
  operations: Operation[]
  /** What the document has at a path; nothing for a path that it does not have, or that cannot be read. */
  find(path: string): Place | undefined
  /** What is wrong with a value for the schema at these keys of an operation; nothing where it fits. */
  fault(operation: Operation, keys: string[], value: unknown): string | undefined
}

/** Reads an OpenAPI 3.1 document, as the service gives it. */
export function readDocument(given: { paths: Record<string, Record<string, Described>> }): OpenApi {
  const document = inlined(given)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema(document, 'openapi')

  const places = Object.entries(document.paths).map(([path, methods]) => ({
    segments: path.split('/'),
    operations: new Map(
      Object.entries(methods).map(([each, described]) => {
        const method = each.toUpperCase()
        return [method, { ...described, name: `${method} ${path}`, method, path }]
      })
    )
  }))

  return {
    operations: places.flatMap(({ operations }) => [...operations.values()]),
    find(path) {
      const found = segmentsOf(path)
      const matching = places.flatMap(({ segments, operations }) => {
        const params = found && matched(segments, found)
        return params ? [{ operations, params }] : []
      })
      if (matching.length === 0) return undefined
      // A path without parameters takes precedence, method by method, and so comes last.
      matching.sort((one, other) => Object.keys(other.params).length - Object.keys(one.params).length)
      return {
        operations: new Map(matching.flatMap(({ operations }) => [...operations])),
        params: Object.assign({}, ...matching.map(({ params }) => params))
      }
    },
    fault({ path, method }, keys, value) {
      const pointer = ['paths', path, method.toLowerCase(), ...keys].map(escaped).join('/')
      const fits = ajv.getSchema(`openapi#/${pointer}`)
      if (!fits) return `no schema at ${pointer}`
      return fits(value) ? undefined : ajv.errorsText(fits.errors)
    }
  }
}

const escaped = (key: string) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))

function segmentsOf(path: string): string[] | undefined {
  try {
    return (path.split(/[?#]/, 1)[0] as string).split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** The parameters of a path that fits the template; one that is empty does not. */
function matched(template: string[], segments: string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of template.entries()) {
    const segment = segments[i] as string
    const name = /^\{(.+)\}$/.exec(part)?.[1]
    if (name && segment !== '') params[name] = segment
    else if (part !== segment) return undefined
  }
  return params
}
