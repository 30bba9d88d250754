/** Claims of an access token. The service has more: see docs/verifying-tokens.md. */
export interface Claims {
  /** The id of the account. */
  sub: string
  /** The id of the session. */
  sid: string
  preferred_username?: string
  roles?: string[]
  /** `aal2` after a sign-in with two factors. */
  acr?: string
  amr?: string[]
  /** When the user last proved something, in seconds since the epoch by the clock of the service. */
  auth_time?: number
  iss: string
  exp: number
  [name: string]: unknown
}

/** Decodes an access token without verifying it: it comes from the service itself. */
export function readClaims(token: string): Claims {
  const payload = String(token.split('.')[1]).replaceAll('-', '+').replaceAll('_', '/')
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (byte) => byte.charCodeAt(0))))
}
