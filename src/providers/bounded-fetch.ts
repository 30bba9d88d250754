import { FederationRefusal } from './provider.ts'

/** How long a provider may take to answer, in milliseconds. */
export const PROVIDER_TIMEOUT = 5000

/** The maximum size of an answer, in bytes. */
const MAX_BYTES = 1024 * 1024

/** The part of `RequestInit` that the library uses. */
export interface FetchOptions {
  method: string
  headers: Record<string, string>
  body?: unknown
}

export type BoundedFetch = (url: string, options: FetchOptions) => Promise<Response>

interface Answer {
  status: number
  headers: Headers
  body: Buffer
}

/**
 * Creates a fetch for the addresses of providers: limited in time and size, and without redirects. Concurrent requests for
 * the same public document share one.
 *
 * @throws FederationRefusal
 */
export function createBoundedFetch(timeout = PROVIDER_TIMEOUT): BoundedFetch {
  const inFlight = new Map<string, Promise<Answer>>()

  function share(url: string, options: FetchOptions): Promise<Answer> {
    const isPublic = options.method === 'GET' && !new Headers(options.headers).has('authorization')
    if (!isPublic) return request(url, options, timeout)
    const shared = inFlight.get(url) ?? request(url, options, timeout).finally(() => inFlight.delete(url))
    inFlight.set(url, shared)
    return shared
  }

  return async (url, options) => {
    const { status, headers, body } = await share(url, options)
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, headers })
  }
}

async function request(url: string, options: FetchOptions, timeout: number): Promise<Answer> {
  const given = { ...options, redirect: 'manual', signal: AbortSignal.timeout(timeout) } as RequestInit
  const answer = await fetch(url, given).then(read).catch(unavailable)
  if (answer.status >= 500 || answer.status === 429) throw new FederationRefusal('provider unavailable')
  return answer
}

async function read({ status, headers, body }: Response): Promise<Answer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new FederationRefusal('invalid answer')
    chunks.push(chunk)
  }
  return { status, headers, body: Buffer.concat(chunks) }
}

/** A network error or the timeout. */
function unavailable(error: unknown): never {
  throw error instanceof FederationRefusal ? error : new FederationRefusal('provider unavailable')
}
