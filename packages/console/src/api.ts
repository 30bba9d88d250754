import { accessToken, refresh } from './session.ts'

/** A refusal of the service, or a request without an answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly errors: { path: string; message: string }[]
  /** Whether a second factor is missing, rather than a recent sign-in. */
  readonly needsFactor: boolean
  readonly retryAfter: string | null

  constructor(code: string, message: string, details: Partial<Pick<Refusal, 'errors' | 'needsFactor' | 'retryAfter'>>) {
    super(message)
    this.code = code
    this.errors = details.errors ?? []
    this.needsFactor = details.needsFactor ?? false
    this.retryAfter = details.retryAfter ?? null
  }
}

const TIMEOUT_MS = 20_000

/** The codes with which a missing, invalid or expired access token is refused. */
const REFRESHED_AFTER = ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED']

/**
 * Calls the service: once again with a new access token if that is over.
 *
 * @param path relative, since the service may be below a path
 * @throws Refusal
 */
export async function call<Answer = undefined>(
  method: string,
  path: string,
  { body, signal }: { body?: unknown; signal?: AbortSignal } = {}
): Promise<Answer> {
  try {
    return await callOnce(method, path, body, signal)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (REFRESHED_AFTER.includes(error.code) && (await refreshed())) return callOnce(method, path, body, signal)
    // The roles may have changed since the token was made.
    if (error.code === 'FORBIDDEN') await refreshed()
    throw error
  }
}

const refreshed = () => refresh().catch(() => false)

/**
 * Calls the service once, as who is signed in or as nobody.
 *
 * @throws Refusal
 */
export async function callOnce<Answer>(
  method: string,
  path: string,
  body: unknown,
  signal?: AbortSignal
): Promise<Answer> {
  const bounded = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(path, {
    method,
    headers: {
      ...(accessToken() !== undefined && { authorization: `Bearer ${accessToken()}` }),
      ...(body !== undefined && { 'content-type': 'application/json' })
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: signal ? AbortSignal.any([signal, bounded]) : bounded
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Refusal('NETWORK', 'The service did not answer.', {})
  })
  const text = await response.text()
  const answer = text === '' ? undefined : (JSON.parse(text) as unknown)
  if (response.ok) return answer as Answer
  const { code, message, errors } = Object(answer) as { code?: string; message?: string; errors?: Refusal['errors'] }
  throw new Refusal(code ?? 'INTERNAL', message ?? `The service answered ${response.status}.`, {
    ...(errors && { errors }),
    needsFactor: response.headers.get('www-authenticate')?.includes('acr_values') ?? false,
    retryAfter: response.headers.get('retry-after')
  })
}

/** A path with a query of what is neither undefined nor empty. */
export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}
