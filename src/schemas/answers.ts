import { STATUS_CODES } from 'node:http'
import { Type } from '@sinclair/typebox'
import { type Code, PROBLEMS } from '../errors.ts'
import { reference, strict, UUID } from './fields.ts'

/** For a query string or a path that takes nothing. */
export const Nothing = Type.Object({}, strict)

/** For a route that reads no body: an empty one will do, whatever its content type says (see plugins/http/no-body.ts). */
export const NoBody = Type.Unsafe<null | Record<string, never>>({ type: ['object', 'null'], ...strict })

/** The id in a path. */
export const Identified = Type.Object(
  { id: Type.String({ pattern: UUID, description: 'a UUID', examples: ['0198a3c2-7f00-7000-8000-000000000001'] }) },
  strict
)

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
    )
  },
  { $id: 'Problem', description: 'The one body of every refusal.', ...strict }
)

/** What any route may answer: faults of the transport, of the URL and of ours, and the end of the service. */
const ANYWHERE: Code[] = ['VALIDATION_FAILED', 'MALFORMED_REQUEST', 'INTERNAL', 'OVERLOADED']

/** What a route with a body may answer besides. */
export const BODY: Code[] = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** What a route behind `authenticate` may answer besides. */
export const BEARER: Code[] = ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED']

/** An answer that has no body. */
export const NO_CONTENT = { 204: Type.Null({ description: 'Done.' }) }

/** The answer of a document to who has it. */
export const NOT_MODIFIED = { 304: Type.Null({ description: 'The document of `If-None-Match` is the current one.' }) }

/** What is answered to who asks for a mail, whatever comes of it. */
export const MAIL_ASKED = { message: 'If there is anything to send to this address, it is on its way.' }

/** The answer to who asks for a mail. */
export const ACCEPTED = {
  202: Type.Object(
    { message: Type.String({ examples: [MAIL_ASKED.message] }) },
    { ...strict, description: 'Accepted: the same whether there is anything to send or not.' }
  )
}

/** The statuses that MALFORMED_REQUEST has where Node or the router answers by itself. */
const TRANSPORT = [408, 417, 431]

/**
 * The refusals of a route, as its response schemas: by status, each naming the codes that it may carry.
 *
 * @param codes those beside what any route may answer
 */
export function refusals(...codes: Code[]) {
  const byStatus = new Map<number, Code[]>(TRANSPORT.map((status) => [status, ['MALFORMED_REQUEST']]))
  for (const code of [...ANYWHERE, ...codes]) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, its]) => [status, refusal(status, its)]))
}

/** What a route with a parameter in its path may answer besides: the path is too long. */
export const LONG_PATH = { 414: refusal(414, ['MALFORMED_REQUEST']) }
function refusal(status: number, codes: Code[]) {
  const [code] = codes as [Code, ...Code[]]
  const { message, ...problem }: { message: string; headers?: Record<string, string> } = PROBLEMS[code]
  const errors = code === 'VALIDATION_FAILED' && { errors: [{ path: '/password', message: 'is required' }] }
  return {
    description: codes.join(', '),
    ...(problem.headers && { headers: documented(problem.headers) }),
    content: {
      'application/json': {
        schema: reference(Problem, codes.join(', ')),
        example: { statusCode: status, error: STATUS_CODES[status], code, message, ...errors }
      }
    }
  }
}

function documented(headers: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { type: 'string', examples: [value] }])
  )
}
