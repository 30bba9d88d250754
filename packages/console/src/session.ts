import { createStore } from './store.ts'

/** Who is signed in, as the access token says. What it may do, the service decides with each request. */
export interface Me {
  id: string
  name: string
  roles: string[]
}

export type SessionState =
  | { is: 'starting' }
  /** By the link that creates the first administrator. */
  | { is: 'setting up'; token: string }
  | { is: 'signed out'; why: string }
  | { is: 'signed in'; me: Me }

/** Says only that somebody was signed in here, so that nobody else asks for a token in vain. */
const HINT = 'latchkey_console'

/** The place to come back to after another page of the service. It stays in this tab, and out of every log. */
const PLACE = 'latchkey_console_place'

const TIMEOUT_MS = 10_000

/** Whether the service has pages to sign in on. Without them, a frontend of the same site signs in. */
export const hasPages = document.documentElement.dataset.pages !== 'off'

export const session = createStore<SessionState>({ is: 'starting' })

/** In memory alone. */
let token: string | undefined
let refreshing: Promise<boolean> | undefined

export const accessToken = (): string | undefined => token

/** Signs in by the refresh token of the browser, if somebody has signed in; otherwise on the page for it. */
export async function start(): Promise<void> {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === HINT && newValue === null) leave('You signed out in another tab.')
  })
  const token = /^#setup=(.+)$/.exec(location.hash)?.[1]
  if (token !== undefined) {
    // The token stays out of the history of the browser.
    history.replaceState(null, '', location.pathname)
    return session.set({ is: 'setting up', token })
  }
  returnToPlace()
  if (hasPages && localStorage.getItem(HINT) === null) return signIn(true)
  try {
    await refresh()
  } catch {
    session.set({ is: 'signed out', why: 'The service cannot be reached. Try again.' })
  }
}

/** Leads to the page for signing in, and back. @param replace whether this page leaves the history */
export function signIn(replace = false): void {
  localStorage.setItem(HINT, '1')
  leadTo('pages/login', replace)
}

/** Leads to the page for authenticating again, and back to the same place. */
export const stepUp = (): void => leadTo('pages/step-up', false)

function leadTo(page: string, replace: boolean): void {
  sessionStorage.setItem(PLACE, location.hash)
  const url = `${page}?return_to=/console`
  if (replace) location.replace(url)
  else location.assign(url)
}

function returnToPlace(): void {
  const place = sessionStorage.getItem(PLACE)
  sessionStorage.removeItem(PLACE)
  if (place && location.hash === '') history.replaceState(null, '', place)
}

/**
 * Gets a new access token; several callers share one request.
 *
 * @returns false if nobody is signed in any more
 */
export function refresh(): Promise<boolean> {
  refreshing ??= requestToken().finally(() => {
    refreshing = undefined
  })
  return refreshing
}

async function requestToken(): Promise<boolean> {
  const response = await post('token/refresh')
  if (response.ok) {
    const { access_token } = (await response.json()) as { access_token: string }
    token = access_token
    session.set({ is: 'signed in', me: readMe(access_token) })
    return true
  }
  if (response.status === 403) {
    leave('Open the console at the address of the service (PUBLIC_URL): its cookie is not accepted from here.')
  } else if (response.status === 400 || response.status === 401) {
    leave(
      hasPages ? 'You are not signed in.' : 'You are not signed in, and this service has no pages for it (PAGES=off).'
    )
  } else {
    throw new Error(`refreshing was answered with ${response.status}`)
  }
  return false
}

export async function signOut(): Promise<void> {
  await post('logout').catch(() => undefined)
  leave('You are signed out.')
}

function leave(why: string): void {
  token = undefined
  localStorage.removeItem(HINT)
  session.set({ is: 'signed out', why })
}

function post(path: string): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    signal: AbortSignal.timeout(TIMEOUT_MS)
  })
}

function readMe(jwt: string): Me {
  const payload = String(jwt.split('.')[1]).replaceAll('-', '+').replaceAll('_', '/')
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0))
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub: string; [name: string]: unknown }
  const roles = Array.isArray(claims.roles) ? claims.roles.filter((role) => typeof role === 'string') : []
  const { preferred_username: name } = claims
  return { id: claims.sub, name: typeof name === 'string' ? name : claims.sub, roles }
}
