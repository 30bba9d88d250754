import fc from 'fast-check'
import type { Ask } from '../contract/client.ts'
import { AUTHORIZATIONS, MARK, METHODS, PATHS, QUERIES, TEXTS } from '../contract/oddities.ts'
import { type Body, fittingBodies, oddBodies, type Part } from './bodies.ts'
import type { OpenApi, Operation } from './document.ts'
import type { World } from './world.ts'

/** A request that is made when it is sent, of what is known by then. */
export type Request = (world: World) => Ask

type Headers = Record<string, string | undefined>

/** Of what a request consists. */
interface Aspects {
  method: Part<string>
  path: Part<string>
  query: Part<string>
  credentials: Part<Headers>
  headers: Part<Headers>
  body: Part<Body>
}

type Arbitraries = { [Name in keyof Aspects]: fc.Arbitrary<Aspects[Name]> }

/**
 * Requests to everything that the document has, and to what it has not: as they should be, with one fault, with many.
 *
 * @param costly how often those are asked that hash a password, or end a session and so make for another login; a
 * plain GET is asked 10 times for that, and any other 20 times
 */
export const requests = ({ operations }: OpenApi, costly: number): fc.Arbitrary<Request> =>
  fc.oneof(
    ...operations.map((operation) => ({
      weight: isCostly(operation) ? costly : takesBody(operation) ? 20 : 10,
      arbitrary: fc.tuple(aspectsOf(operation), fc.nat({ max: 1000 })).map(
        ([aspects, turn]): Request =>
          (world) =>
            asked(aspects, world, turn)
      )
    }))
  )

function aspectsOf(operation: Operation): fc.Arbitrary<Aspects> {
  const right = rightly(operation)
  const odd = oddly(operation)
  const withFault = <Name extends keyof Aspects>(name: Name) => fc.record<Aspects>({ ...right, [name]: odd[name] })
  const either = Object.fromEntries(
    Object.entries(right).map(([name, arbitrary]) => [
      name,
      fc.oneof<fc.Arbitrary<unknown>[]>(arbitrary, odd[name as keyof Aspects])
    ])
  ) as unknown as Arbitraries
  return fc.oneof(
    { weight: takesBody(operation) ? 3 : 6, arbitrary: fc.record<Aspects>(right) },
    { weight: takesBody(operation) ? 10 : 1, arbitrary: withFault('body') },
    { weight: operation.security ? 6 : 1, arbitrary: withFault('credentials') },
    { weight: operation.parameters ? 8 : 1, arbitrary: withFault('path') },
    { weight: 2, arbitrary: withFault('query') },
    { weight: 2, arbitrary: withFault('method') },
    { weight: 2, arbitrary: withFault('headers') },
    { weight: 3, arbitrary: fc.record<Aspects>(either) }
  )
}

const isCostly = ({ path, responses }: Operation) => responses[204] !== undefined || /login|register/.test(path)

/** Whether a body can be refused. */
const takesBody = ({ responses }: Operation) => responses[413] !== undefined

function asked({ method, path, query, credentials, headers, body }: Aspects, world: World, turn: number): Ask {
  const known = world.known(turn)
  const { bytes, type, chunked = false } = body(known)
  const given = { 'content-type': type, ...credentials(known), ...headers(known) }
  return {
    method: method(known),
    path: path(known) + query(known),
    headers: Object.fromEntries(
      Object.entries(given).filter((header): header is [string, string] => header[1] !== undefined)
    ),
    ...(bytes && { body: bytes, chunked })
  }
}

const constantly = <Value>(value: Value) => fc.constant((): Value => value)

const constantlyFrom = <Value>(values: readonly Value[]) => fc.constantFrom(...values).map((value) => () => value)

function rightly(operation: Operation): Arbitraries {
  return {
    method: constantly(operation.method),
    path: fc.constant(({ own }) => fill(operation, (name, example) => own[name] ?? example)),
    query: constantly(''),
    credentials: rightCredentials(operation),
    headers: constantly({}),
    body: fittingBodies(operation)
  }
}

function oddly(operation: Operation): Arbitraries {
  return {
    method: fc.oneof(constantlyFrom(METHODS), constantlyFrom(['HEAD', 'OPTIONS'])),
    path: oddPaths(operation),
    query: constantlyFrom(QUERIES),
    credentials: oddCredentials(operation),
    headers: oddHeaders,
    body: oddBodies(operation)
  }
}

/** The operation's path, with something in place of each parameter. */
function fill({ path, parameters = [] }: Operation, value: (name: string, example: string) => string): string {
  return parameters.reduce(
    (filled, { name, example }) => filled.replace(`{${name}}`, () => value(name, example ?? MARK)),
    path
  )
}

function oddPaths(operation: Operation): fc.Arbitrary<Part<string>> {
  const params = fc.oneof(
    constantlyFrom(TEXTS.map((text) => encodeURIComponent(text))),
    constantlyFrom(['', '%', '%ff', '%00', '..', `${MARK}/${MARK}`, crypto.randomUUID(), '0'.repeat(36)]),
    constantly('x'.repeat(101)),
    fc.uuid().map((id) => () => id),
    fc.constant<Part<string>>(({ other, former }) => other.id ?? former.id ?? MARK),
    fc.constant<Part<string>>(({ former }) => former.id ?? MARK)
  )
  const bent = fc
    .constantFrom<(path: string) => string>(
      (path) => `${path}/`,
      (path) => `/${path}`,
      (path) => path.toUpperCase(),
      (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      (path) => path.replace(/(.)\//, '$1%2f'),
      (path) => `${path}%00`,
      (path) => `${path};${MARK}`
    )
    .map(
      (bend): Part<string> =>
        ({ own }) =>
          bend(fill(operation, (name, example) => own[name] ?? example))
    )
  const filled = params.map(
    (param): Part<string> =>
      (known) =>
        fill(operation, () => param(known))
  )
  const elsewhere = constantlyFrom(PATHS)
  return operation.parameters ? fc.oneof({ weight: 4, arbitrary: filled }, bent) : fc.oneof(bent, elsewhere)
}

/** The ways to sign in that the operation names; nothing where nobody has to. */
function rightCredentials({ security = [] }: Operation): fc.Arbitrary<Part<Headers>> {
  const ways = security.flatMap((way) => Object.keys(way))
  return fc.oneof(
    ...[
      ways.length === 0
        ? constantly({})
        : ways.map((way) =>
            fc.constant<Part<Headers>>(({ own }) =>
              way === 'cookie' ? { cookie: own.cookie, origin: own.origin } : { authorization: `Bearer ${own[way]}` }
            )
          )
    ].flat()
  )
}

function oddCredentials({ security = [] }: Operation): fc.Arbitrary<Part<Headers>> {
  const [way = 'bearer'] = security.flatMap((each) => Object.keys(each))
  if (way === 'cookie') {
    return fc
      .record({
        origin: fc.constantFrom(undefined, 'null', `https://${MARK}`, '*'),
        cookie: fc.constantFrom(MARK, '=', ';', undefined)
      })
      .map(({ origin, cookie }) => ({ own }) => ({ cookie: own.cookie ?? cookie, origin }))
  }
  return fc.oneof(
    { weight: 2, arbitrary: constantly({}) },
    { weight: 2, arbitrary: constantlyFrom(AUTHORIZATIONS.map((authorization) => ({ authorization }))) },
    {
      weight: 4,
      arbitrary: fc.constant<Part<Headers>>(({ former }) => ({ authorization: `Bearer ${former.bearer}` }))
    },
    { weight: 1, arbitrary: fc.constant<Part<Headers>>(({ own }) => ({ authorization: `Basic ${own[way]}` })) },
    { weight: 1, arbitrary: fc.constant<Part<Headers>>(({ own }) => ({ authorization: `bEARER  ${own[way]} ` })) },
    {
      weight: 1,
      arbitrary: fc.constant<Part<Headers>>(({ own }) => ({ authorization: `Bearer ${own.refresh_token}` }))
    },
    {
      weight: 2,
      arbitrary: fc.nat().map(
        (at): Part<Headers> =>
          ({ own }) => ({ authorization: `Bearer ${tampered(own[way] ?? '', at)}` })
      )
    }
  )
}

function tampered(token: string, at: number): string {
  const letters = [...token]
  const index = at % (letters.length + 1)
  letters[index] = letters[index] === 'A' ? 'B' : 'A'
  return letters.join('')
}

/** What HTTP lets a header be. */
const headerTexts = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    MARK,
    `"${MARK}"`,
    `W/"${MARK}"`,
    'x'.repeat(3000),
    'x'.repeat(20_000),
    'gzip',
    'identity;q=0',
    'bytes=0-0',
    'bytes=9-1'
  ),
  fc.uint8Array({ maxLength: 70 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[^ -~\x80-\xff]/g, '')
  )
)

const oddHeaders: fc.Arbitrary<Part<Headers>> = fc
  .record(
    {
      'x-request-id': fc.oneof(headerTexts, fc.stringMatching(/^[A-Za-z0-9._-]{8,64}$/)),
      'if-none-match': headerTexts,
      'if-modified-since': headerTexts,
      range: headerTexts,
      accept: headerTexts,
      'accept-encoding': headerTexts,
      'content-encoding': headerTexts,
      cookie: headerTexts,
      origin: headerTexts,
      'user-agent': headerTexts,
      'x-forwarded-for': headerTexts,
      'x-http-method-override': fc.constantFrom('DELETE', 'GET', MARK)
    },
    { requiredKeys: [] }
  )
  .map((headers) => () => headers)
