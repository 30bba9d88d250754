import { Type } from '@sinclair/typebox'
import { type Code, PROBLEMS, PROOFS, Problem as ProblemError, stepUpChallenge } from '../errors.ts'
import { RequestOptions } from './factors.ts'
import { Id, MFA_TOKEN, reference, strict } from './fields.ts'

/** For a query string or a path without parameters. */
export const Nothing = Type.Object({}, strict)

/** For a route without a body. An empty body is accepted with any content type (plugins/http/no-body.ts). */
export const NoBody = Type.Unsafe<null | Record<string, never>>({ type: ['object', 'null'], ...strict })

/** A path with an id. */
export const Identified = Type.Object({ id: Id }, strict)

/** The rules that a fault may name. */
const RULES = ['min_length', 'max_bytes', 'common', 'same_as_name', 'taken', 'reserved', 'too_large']

/** The error body. */
export const Problem = Type.Object(
  {
    statusCode: Type.Integer(),
    error: Type.String(),
    code: Type.Unsafe<Code>(Type.String({ enum: Object.keys(PROBLEMS) })),
    message: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({ description: 'the JSON pointer of the key at fault' }),
            message: Type.String(),
            rule: Type.Optional(Type.String({ enum: RULES }))
          },
          strict
        )
      )
    ),
    challenge: Type.Optional(
      Type.Object(
        {
          factors: Type.Array(Type.String({ enum: PROOFS }), { description: 'what the account can prove here' }),
          expires_in: Type.Integer({ description: 'seconds' }),
          mfa_token: Type.Optional(Type.String({ description: 'for `/login/mfa`' })),
          public_key: Type.Optional(RequestOptions)
        },
        { ...strict, description: 'what to prove: with MFA_REQUIRED and STEP_UP_REQUIRED' }
      )
    )
  },
  { $id: 'Problem', description: 'The body of every error.', ...strict }
)

/** Codes of every route: errors of parsing and of the service, and refusals while it stops. */
const ANY_ROUTE: Code[] = ['VALIDATION_FAILED', 'MALFORMED_REQUEST', 'INTERNAL', 'OVERLOADED']

/** Additional codes of a route with a body. */
export const BODY: Code[] = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** Additional codes of a route with `authenticate`. */
export const BEARER: Code[] = ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED']

/** An answer without a body. */
export const NO_CONTENT = { 204: Type.Null({ description: 'Done.' }) }

/** The answer to a client that has the current document. */
export const NOT_MODIFIED = { 304: Type.Null({ description: 'The document of `If-None-Match` is the current one.' }) }

/** The answer to a request for a mail. It is the same whether there is an account, so that it reveals nothing. */
export const MAIL_ASKED = { message: 'If there is anything to send to this address, it is on its way.' }

/** The schema of `MAIL_ASKED`. */
export const ACCEPTED = {
  202: Type.Object(
    { message: Type.String({ examples: [MAIL_ASKED.message] }) },
    { ...strict, description: 'Accepted: the same whether there is anything to send or not.' }
  )
}

/** Statuses of MALFORMED_REQUEST that Node's parser or the router determines. */
const TRANSPORT = [408, 417, 431]
const LONG = 414

/** What the examples of these codes have in addition. */
const DETAILS: { [Each in Code]?: ConstructorParameters<typeof ProblemError>[1] } = {
  VALIDATION_FAILED: { errors: [{ path: '/password', message: 'is required' }] },
  MFA_REQUIRED: { challenge: { factors: ['totp', 'recovery_code'], expires_in: 300, mfa_token: MFA_TOKEN } },
  STEP_UP_REQUIRED: { challenge: { factors: ['totp', 'recovery_code'], expires_in: 300 } }
}

/** The headers of a code that depend on the request: every value that the document shows. */
const HEADERS: { [Each in Code]?: Record<string, string[]> } = {
  STEP_UP_REQUIRED: { 'www-authenticate': [stepUpChallenge(600), stepUpChallenge(600, 'aal2')] }
}

/** The codes that no operation of the document has: one is of other methods, one of pages. */
const ELSEWHERE: Code[] = ['METHOD_NOT_ALLOWED', 'IDENTITY_TAKEN']

/** An example for each refusal: the examples of the document's components. */
export const REFUSALS = Object.fromEntries([
  ...(Object.keys(PROBLEMS) as Code[])
    .filter((code) => !ELSEWHERE.includes(code))
    .map((code) => example(code, PROBLEMS[code].status)),
  ...[...TRANSPORT, LONG].map((status) => example('MALFORMED_REQUEST', status))
])

function example(code: Code, statusCode: number) {
  return [exampleName(code, statusCode), { value: new ProblemError(code, { ...DETAILS[code], statusCode }).toJSON() }]
}

function exampleName(code: Code, status: number): string {
  return status === PROBLEMS[code].status ? code : `${code}_${status}`
}

/** The additional error of a route with a parameter in its path, which may be too long. */
export const LONG_PATH = { [LONG]: refusal(LONG, ['MALFORMED_REQUEST']) }

/**
 * Returns the response schemas for the errors of a route, by status. Each lists the possible codes.
 *
 * @param codes the codes in addition to those of every route
 */
export function refusals(...codes: Code[]) {
  const byStatus = new Map<number, Code[]>(TRANSPORT.map((status) => [status, ['MALFORMED_REQUEST']]))
  const all = new Set([...ANY_ROUTE, ...codes])
  // In the order of the closed list, so that the same codes give the same schema.
  for (const code of (Object.keys(PROBLEMS) as Code[]).filter((code) => all.has(code))) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, itsCodes]) => [status, refusal(status, itsCodes)]))
}

function refusal(status: number, codes: Code[]) {
  const headers = headersOf(codes)
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${exampleName(code, status)}` }])
  return {
    description: codes.join(', '),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    content: {
      'application/json': { schema: reference(Problem, codes.join(', ')), examples: Object.fromEntries(examples) }
    }
  }
}

/** The headers of these codes, each with all its values. */
function headersOf(codes: Code[]) {
  const values = new Map<string, string[]>()
  for (const code of codes) {
    const { headers = {} }: { status: number; headers?: Record<string, string> } = PROBLEMS[code]
    for (const [name, value] of Object.entries<string | string[]>({ ...headers, ...HEADERS[code] })) {
      values.set(name, [...(values.get(name) ?? []), ...[value].flat()])
    }
  }
  return [...values].map(([name, all]) => [name, { type: 'string', examples: [...new Set(all)] }] as const)
}
