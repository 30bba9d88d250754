import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, type Ask, type Request, sentTo, unique } from '../test/suite/http.ts'

/** The contract could not be checked at this URL. The message is one line. */
export class TargetError extends Error {
  override name = 'TargetError'
}

export interface Target {
  request: Request
  close(): void
}

/** The timeouts of the first answer and of all others, which may wait for a hash, in milliseconds. */
const TIMEOUTS_MS = { first: 5_000, any: 30_000 }

/**
 * Parses the URL of a service.
 * @throws {TargetError} if it is not the URL of a service
 */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:') throw new TargetError('give the URL of a service, such as http://127.0.0.1:8000')
  if (url.username || url.password) throw new TargetError('the URL must not have credentials in it')
  if (url.pathname !== '/' || url.search || url.hash) {
    throw new TargetError(`give the URL without a path: ${url.origin} (a dialect tells other paths)`)
  }
  return url.origin
}

/**
 * Checks that a service of this kind answers at the origin: it must refuse `path` without a token.
 * @throws {TargetError} if none does
 */
export async function openTarget(text: string, path: string, timeoutsMs = TIMEOUTS_MS): Promise<Target> {
  const origin = originOf(text)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
  const send = sentTo(origin, agent)
  const target = {
    request: async (ask: Ask) => unlimited(await answeredBy(origin, () => send(ask), timeoutsMs.any)),
    close: () => agent.destroy()
  }
  try {
    const answer = unlimited(await answeredBy(origin, () => send({ path }), timeoutsMs.first))
    const type = answer.headers['content-type']?.split(';')[0] ?? 'no content type'
    if (answer.status === 404 || (answer.status !== 401 && answer.json === undefined)) {
      throw new TargetError(
        `${origin} is no service of this kind: GET ${path} gave ${answer.status} with ${type} (a dialect tells other paths)`
      )
    }
    return target
  } catch (error) {
    target.close()
    throw error
  }
}

function answeredBy(origin: string, send: () => Promise<Answer>, timeoutMs: number): Promise<Answer> {
  const enough = new AbortController()
  const late = pause(timeoutMs, undefined, { signal: enough.signal }).then(() => {
    throw new TargetError(`${origin} did not answer within ${timeoutMs / 1000} s`)
  })
  late.catch(() => {})
  return Promise.race([send(), late])
    .catch((error: NodeJS.ErrnoException) => {
      throw error instanceof TargetError ? error : new TargetError(`nothing answers at ${origin}: ${error.code}`)
    })
    .finally(() => enough.abort())
}

/** One more than the contract allows an address in an hour. */
const REGISTRATIONS = 31

/**
 * Checks that it does not limit requests, before the suite, which takes minutes. Uses a rejected password, which costs no hash.
 * @throws {TargetError} if it does
 */
export async function checkLimits({ request }: Target): Promise<void> {
  const body = { username: unique(), password: 'short' }
  for (let tried = 0; tried < REGISTRATIONS; tried += 1) await request({ path: '/register', body })
}

export const LIMITED = 'it limits requests (429), and all of these come from one address: start it with LIMITS=off'

function unlimited(answer: Answer): Answer {
  if (answer.status === 429) throw new TargetError(LIMITED)
  return answer
}
