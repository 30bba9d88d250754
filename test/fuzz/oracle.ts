import type { Answer, Ask } from '@latchkey/contract/suite/client'
import { oddity } from '@latchkey/contract/suite/expectations'
import { MARK } from '@latchkey/contract/suite/oddities'
import type { OpenApi, Operation, Place } from './document.ts'
import { mediaTypeOf, readBody } from './read-body.ts'

const ACCEPTABLE_ID = /^[A-Za-z0-9._-]{8,64}$/

/** What may be kept by a cache, where it is a success. */
const CACHEABLE = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/openapi.json']

/** The operation that a request is for; none where the document does not have the path or the method. */
export function operationOf(document: OpenApi, { method, path }: Ask): Operation | undefined {
  return document.find(path)?.operations.get(method === 'HEAD' ? 'GET' : (method ?? 'GET'))
}

/** What is wrong with an answer, by the contract and by the document; nothing where all is well. */
export function faultOf(document: OpenApi, ask: Ask, answer: Answer): string | undefined {
  const operation = operationOf(document, ask)
  const fault = ask.method === 'HEAD' ? faultOfHead(answer) : oddity(answer, MARK)
  if (!operation && isPage(ask.path)) return fault
  return (
    fault ??
    faultOfHeaders(ask, answer, operation) ??
    (operation
      ? faultOfOperation(document, operation, ask, answer)
      : faultElsewhere(document.find(ask.path), ask, answer))
  )
}

/** Whether a path leads to a page or a redirect for people, which the document leaves out. */
function isPage(path: string): boolean {
  const [before = ''] = path.split(/[?#]/, 1)
  try {
    return /^\/(?:docs(?:\/[^/]*)?|\.well-known\/change-password)?$/.test(decodeURIComponent(before))
  } catch {
    return false
  }
}

/** The headers are those of GET, without its body. */
function faultOfHead({ status, headers, body }: Answer): string | undefined {
  if (status >= 500) return `status ${status}`
  if (body !== '') return 'HEAD has a body'
  if (status >= 400 && !headers['content-type']?.startsWith('application/json')) return 'no JSON'
  return undefined
}

function faultOfHeaders(
  { headers: sent = {} }: Ask,
  { status, headers }: Answer,
  operation?: Operation
): string | undefined {
  const { 'x-request-id': id = '', 'cache-control': cache, ...others } = headers
  const given = sent['x-request-id'] ?? ''
  // What Node's parser refuses has not been read as far as its headers.
  if (status !== 431 && ACCEPTABLE_ID.test(given) && id !== given) return `the request id became ${id}`
  if (!ACCEPTABLE_ID.test(id)) return `the request id is ${id}`
  const cacheable = status < 400 && operation && CACHEABLE.includes(operation.path)
  if (cacheable ? !cache?.startsWith('public, max-age=') : cache !== 'no-store') return `cache-control: ${cache}`
  if (headers['x-content-type-options'] !== 'nosniff') return 'no x-content-type-options'
  const challenge = headers['www-authenticate']
  const lacksScope = status === 403 && challenge?.startsWith('Bearer error="insufficient_scope"')
  if ((status === 401 || lacksScope === true) !== (challenge !== undefined)) return 'a challenge out of place'
  if ((status === 429) !== (headers['retry-after'] !== undefined)) return 'retry-after out of place'
  if ((status === 405) !== (headers.allow !== undefined)) return 'allow out of place'
  if (status >= 400 && headers['set-cookie']) return 'a refusal sets a cookie'
  return JSON.stringify(others).includes(MARK) ? 'a header echoes what was sent' : undefined
}

function faultOfOperation(document: OpenApi, operation: Operation, ask: Ask, answer: Answer): string | undefined {
  const { status, headers, body, json } = answer
  const response = operation.responses[status]
  if (!response) return `${status} is not documented`
  if (status < 400 && !isWelcome(document, operation, ask)) return 'what does not fit is taken'
  if (json?.code === 'VALIDATION_FAILED' && isBlameless(document, operation, ask)) return 'what fits is refused'
  if (status >= 400 && json && !response.description.split(', ').includes(json.code))
    return `${json.code} is not documented`
  if (ask.method === 'HEAD') return undefined
  const type = headers['content-type']?.split(';')[0]
  // A 304 may say what the type of the document is.
  if (!response.content)
    return (type === undefined || status === 304) && body === '' ? undefined : 'a body where none is documented'
  if (!type || !response.content[type]) return `content-type ${type} is not documented`
  const value = type === 'application/json' ? json : body
  const fault = document.fault(operation, ['responses', `${status}`, 'content', type, 'schema'], value)
  return fault && `the body does not fit: ${fault}`
}

/** A path that the document does not have is not found, and a method that its path does not have not allowed. */
function faultElsewhere(
  place: Place | undefined,
  { method }: Ask,
  { status, headers, json }: Answer
): string | undefined {
  if (json?.code === 'MALFORMED_REQUEST' || (method === 'HEAD' && [400, 414, 431].includes(status))) return undefined
  // A parameter that is too long leads nowhere.
  const isTooLong = Object.values(place?.params ?? {}).some(({ length }) => length > 100)
  if (isTooLong && status === 404) return undefined
  if (status !== (place ? 405 : 404)) return `${status} where the document has ${place ? 'no such method' : 'nothing'}`
  const methods = [...(place?.operations.keys() ?? [])]
  const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  return place && headers.allow !== allowed.sort().join(', ') ? `allow: ${headers.allow}` : undefined
}

/** Whether it fits in all its parts, so that it may succeed. */
function isWelcome(document: OpenApi, operation: Operation, ask: Ask): boolean {
  const { security = [], requestBody } = operation
  const { authorization = '' } = ask.headers ?? {}
  const basic = security.some((way) => 'introspectionBasic' in way) && /^basic +[^ ]/i.test(authorization)
  const bearer = basic || /^bearer +[^ ]/i.test(authorization)
  const mayEnter =
    security.length === 0 || security.some((way) => Object.keys(way).length === 0 || 'cookie' in way) || bearer
  return (
    mayEnter &&
    hasNoQuery(ask) &&
    paramsFit(document, operation, ask) &&
    (!requestBody || bodyFits(document, operation, ask))
  )
}

/**
 * Whether nothing of what the document describes is at fault. A token that is in neither place is no fault of a schema,
 * nor is a password that may be left out beside a session, where there is none.
 */
function isBlameless(document: OpenApi, operation: Operation, ask: Ask): boolean {
  if (BEYOND_SCHEMA.includes(operation.name) || !isWelcome(document, operation, ask)) return false
  const { security = [], requestBody } = operation
  if (!requestBody) return ask.body === undefined
  const has = (name: string) => Object.hasOwn(Object(readBody(ask)), name)
  const [first = {}] = security
  const inPlaceOfSession = security.length > 1 && 'bearer' in first
  // It may be left out with a token of two factors, and by accounts without a password, neither of which is here.
  const hasPassword = !WITH_PASSWORD.includes(operation.name) || has('current_password')
  return (
    hasPassword &&
    (!security.some((way) => 'cookie' in way) || has('refresh_token')) &&
    (!inPlaceOfSession || has('password'))
  )
}

/** What depends on the account too: on its names, its address, or what it would be. */
const BEYOND_SCHEMA = ['POST /admin/users', 'PATCH /admin/users/{id}', 'POST /admin/users/{id}/mails']

/** What asks for the current password of an account that has one. */
const WITH_PASSWORD = ['POST /password/change', 'POST /email/change', 'DELETE /me']

const hasNoQuery = ({ path }: Ask) => /^[^?]*(?:\?&*)?(?:#.*)?$/.test(path)

function paramsFit(document: OpenApi, operation: Operation, { path }: Ask): boolean {
  const { params = {} } = document.find(path) ?? {}
  return (operation.parameters ?? []).every(
    (parameter, i) =>
      parameter.in !== 'path' ||
      document.fault(operation, ['parameters', `${i}`, 'schema'], params[parameter.name]) === undefined
  )
}

function bodyFits(document: OpenApi, operation: Operation, ask: Ask): boolean {
  const type = mediaTypeOf(ask) ?? ''
  if (!operation.requestBody?.content[type]) return false
  const body = readBody(ask)
  const read = type === FORM && body ? knownOf(operation.requestBody.content[type], body) : body
  return document.fault(operation, ['requestBody', 'content', type, 'schema'], read) === undefined
}

const FORM = 'application/x-www-form-urlencoded'

/** What is read of a form: the parameters that the document names (RFC 6749 §3.2). */
function knownOf({ schema }: { schema: unknown }, form: object): object {
  const { properties } = schema as { properties: object }
  return Object.fromEntries(Object.entries(form).filter(([name]) => Object.hasOwn(properties, name)))
}
