/** Where a user goes on after signing in. */
export type ReturnTo =
  /** A page of ours: path and query from the root of the service, without the first slash. */
  | { path: string }
  /** A frontend. */
  | { url: string }

/** The JSON pointer of the field that says so. */
export const RETURN_TO = '/return_to'

/** The maximum length of a path or URL, in characters. */
const MAX_LENGTH = 2048

/** The paths of ours that people may be sent back to. */
const PATHS = /^(?:pages\/|console$)/

/** The console, which is a frontend of the service's own: it gets tokens by the refresh token. */
const CONSOLE = 'console'

/** A backslash, a control character or a space: browsers take the first for a slash and remove the others. */
const AMBIGUOUS = /[\p{Cc}\p{Z}\\]/u

/**
 * Reads where to go on after a sign-in, from an allow-list (OWASP Unvalidated Redirects and Forwards Cheat Sheet).
 *
 * @param text a path below `/pages/`, or the URL of a frontend
 * @param origins of the frontends
 * @returns undefined for anything else
 */
export function readReturnTo(text: string, origins: ReadonlySet<string>): ReturnTo | undefined {
  if (text.length > MAX_LENGTH || AMBIGUOUS.test(text)) return undefined
  if (text.startsWith('/')) return readPath(text)
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined
  const { href, username, password, origin } = new URL(text)
  return username === '' && password === '' && origins.has(origin) ? { url: href } : undefined
}

/** Whether a target needs a refresh token in the browser: a frontend, or the console. */
export const needsRefreshToken = (target: ReturnTo): boolean => 'url' in target || target.path === CONSOLE

/** The query that says where to go on; empty without a target. @param target as `return_to` has it */
export const returnQuery = (target: string | undefined): string =>
  target === undefined ? '' : `?${new URLSearchParams({ return_to: target })}`

function readPath(text: string): ReturnTo | undefined {
  const base = 'http://service.invalid'
  if (!URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  if (url.origin !== base) return undefined
  const path = `${url.pathname}${url.search}`.slice(1)
  return PATHS.test(path) ? { path } : undefined
}
