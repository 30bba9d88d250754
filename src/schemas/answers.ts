import { STATUS_CODES } from 'node:http'
import { Type } from '@sinclair/typebox'
import { type AuthenticationChallenge, type Code, PROBLEMS, PROOFS } from '../errors.ts'
import { RequestOptions } from './factors.ts'
import { MFA_TOKEN, reference, strict, UUID } from './fields.ts'

/** For a query string or a path without parameters. */
export const Nothing = Type.Object({}, strict)

/** For a route without a body. An empty body is accepted with any content type (plugins/http/no-body.ts). */
export const NoBody = Type.Unsafe<null | Record<string, never>>({ type: ['object', 'null'], ...strict })

/** A path with an id. */
export const Identified = Type.Object(
  { id: Type.String({ pattern: UUID, description: 'a UUID', examples: ['0198a3c2-7f00-7000-8000-000000000001'] }) },
  strict
)

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
            rule: Type.Optional(Type.String({ enum: ['min_length', 'max_bytes', 'common', 'same_as_name', 'taken'] }))
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

/** The examples of challenges. */
const CHALLENGES: { [Each in Code]?: AuthenticationChallenge } = {
  MFA_REQUIRED: { factors: ['totp', 'recovery_code'], expires_in: 300, mfa_token: MFA_TOKEN },
  STEP_UP_REQUIRED: { factors: ['totp', 'recovery_code'], expires_in: 300 }
}

/** Statuses of MALFORMED_REQUEST that Node's parser or the router determines. */
const TRANSPORT = [408, 417, 431]

/**
 * Returns the response schemas for the errors of a route, by status. Each lists the possible codes.
 *
 * @param codes the codes in addition to those of every route
 */
export function refusals(...codes: Code[]) {
  const byStatus = new Map<number, Code[]>(TRANSPORT.map((status) => [status, ['MALFORMED_REQUEST']]))
  for (const code of [...ANY_ROUTE, ...codes]) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, itsCodes]) => [status, refusal(status, itsCodes)]))
}

/** The additional error of a route with a parameter in its path, which may be too long. */
export const LONG_PATH = { 414: refusal(414, ['MALFORMED_REQUEST']) }

function refusal(status: number, codes: Code[]) {
  // A challenge is what clients need to see most; otherwise the first code.
  const code = codes.find((each) => each in CHALLENGES) ?? (codes[0] as Code)
  const { message, ...problem }: { message: string; headers?: Record<string, string> } = PROBLEMS[code]
  const errors = code === 'VALIDATION_FAILED' && { errors: [{ path: '/password', message: 'is required' }] }
  const challenge = code in CHALLENGES && { challenge: CHALLENGES[code] }
  return {
    description: codes.join(', '),
    ...(problem.headers && { headers: documented(problem.headers) }),
    content: {
      'application/json': {
        schema: reference(Problem, codes.join(', ')),
        example: { statusCode: status, error: STATUS_CODES[status], code, message, ...errors, ...challenge }
      }
    }
  }
}

function documented(headers: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { type: 'string', examples: [value] }])
  )
}
