import type { Ask } from '@latchkey/contract/suite/client'
import { METHODS, QUERIES } from '@latchkey/contract/suite/oddities'
import fc from 'fast-check'
import { type Body, fittingBodies, oddBodies } from './bodies.ts'
import type { OpenApi, Operation } from './document.ts'
import { type Headers, oddCredentials, oddHeaders, rightCredentials } from './headers.ts'
import { constantly, constantlyFrom, type Part } from './part.ts'
import { fill, knownAs, oddPaths } from './paths.ts'
import type { World } from './world.ts'

/** A request that is made when it is sent, of what is known by then. */
export type Request = (world: World) => Ask

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
 * @param costly how often those are asked that hash a password, or end a session and so make for another login: a GET is
 * asked 10 times for that, any other 20 times
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

function rightly(operation: Operation): Arbitraries {
  return {
    method: constantly(operation.method),
    path: fc.constant(({ own }) => fill(operation, (name, example) => own[knownAs(operation, name)] ?? example)),
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
