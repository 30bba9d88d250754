import { cannotReach, LatchkeyError, readAnswer } from './error.ts'
import type { Platform } from './platform.ts'

export const TIMEOUT_MS = 10_000

/** Longer waits are up to the user. */
const MAX_WAIT_S = 5
const MAX_ATTEMPTS = 3

/** A request of the session itself. */
export interface Post {
  url: string
  body: object
  credentials: RequestCredentials
  accessToken?: string | undefined
  /** Whether it may be sent again after a network fault, which does not tell whether the service has seen it. */
  repeatable?: boolean
}

/**
 * Sends a request, up to three times if the service asks for a short wait.
 *
 * @throws LatchkeyError
 */
export async function post(
  fetch: typeof globalThis.fetch,
  platform: Platform,
  request: Post,
  attempt = 1
): Promise<unknown> {
  try {
    return await postOnce(fetch, platform, request)
  } catch (error) {
    const { status, retryAfter = MAX_WAIT_S + 1 } = error as LatchkeyError
    const isLost = status === 0 && request.repeatable && attempt === 1
    const isBusy = (status === 429 || status === 503) && retryAfter <= MAX_WAIT_S && attempt < MAX_ATTEMPTS
    if (!isLost && !isBusy) throw error
    if (isBusy) await platform.pause(retryAfter * 1000)
    return post(fetch, platform, request, attempt + 1)
  }
}

async function postOnce(
  fetch: typeof globalThis.fetch,
  { timeout }: Platform,
  { url, body, credentials, accessToken }: Post
): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) },
    body: JSON.stringify(body),
    credentials,
    redirect: 'error',
    signal: timeout(TIMEOUT_MS)
  }).catch(cannotReach)
  return readAnswer(answer)
}

/** Whether the service says that the session has ended: a proxy or a captive portal may answer 401 too. */
export const isOver = (error: unknown): boolean =>
  error instanceof LatchkeyError && [400, 401].includes(error.status) && error.code !== 'UNEXPECTED_ANSWER'
