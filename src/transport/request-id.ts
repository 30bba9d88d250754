import { randomUUID } from 'node:crypto'

const ACCEPTABLE = /^[A-Za-z0-9._-]{8,64}$/

/** The id of a request: its X-Request-Id if that is safe to log, otherwise a new UUID. */
export function requestId(incoming: string | string[] | undefined): string {
  return typeof incoming === 'string' && ACCEPTABLE.test(incoming) ? incoming : randomUUID()
}
