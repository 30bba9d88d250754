// The types of the package. They stand on their own, so that an application needs no other types than those of Fastify:
// test/src/plugin/plugin.test.ts compares them with the sources, and build.mjs puts them beside the plugin.
import type { FastifyPluginAsync } from 'fastify'

/** A pool of the driver `pg`. */
export interface DatabasePool {
  connect(): Promise<unknown>
  query(text: string): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** The settings of docs/configuration.md, in camelCase. The environment is not read. */
export interface LatchkeyOptions {
  /** The path below which the routes are, such as `/auth`. */
  prefix: string
  /** Where clients reach the routes: the issuer of the tokens. Its path ends with the prefix. */
  publicUrl: string
  /** The name of the decorator; by default `latchkey`. */
  name?: string | undefined
  /** A pool of the driver `pg`, in place of `databaseUrl`. It is left open. */
  pool?: DatabasePool | undefined
  databaseUrl?: string | readonly string[] | undefined
  databasePool?: number | undefined
  databaseCa?: string | readonly string[] | undefined
  databaseSchema?: string | readonly string[] | undefined
  dataDir?: string | readonly string[] | undefined
  secretKey?: string | readonly string[] | undefined
  secretKeyPrevious?: string | readonly string[] | undefined
  keyMaxAge?: number | undefined
  audience?: string | readonly string[] | undefined
  accessTokenTtl?: number | undefined
  refreshIdleTtl?: number | undefined
  refreshMaxTtl?: number | undefined
  refreshGrace?: number | undefined
  bcryptCost?: number | undefined
  passwordMin?: number | undefined
  hashConcurrency?: number | undefined
  hashQueue?: number | undefined
  reservedUsernames?: string | readonly string[] | undefined
  corsOrigins?: string | readonly string[] | undefined
  trustedProxies?: string | readonly string[] | undefined
  passkeyRpId?: string | readonly string[] | undefined
  passkeyOrigins?: string | readonly string[] | undefined
  stepUpMaxAge?: number | undefined
  serviceName?: string | readonly string[] | undefined
  smtpUrl?: string | readonly string[] | undefined
  smtpConnections?: number | undefined
  mailFrom?: string | readonly string[] | undefined
  mailTemplates?: string | readonly string[] | undefined
  appUrl?: string | readonly string[] | undefined
  serviceUrl?: string | readonly string[] | undefined
  pages?: 'on' | 'off' | undefined
  pagesFolder?: string | readonly string[] | undefined
  providers?: string | readonly string[] | undefined
  requireVerifiedEmail?: 'on' | 'off' | undefined
  hideAccounts?: 'on' | 'off' | undefined
  limits?: 'on' | 'off' | undefined
  admin?: 'on' | 'off' | undefined
  adminMfa?: 'on' | 'off' | undefined
  introspectionKey?: string | readonly string[] | undefined
}

/** The claims of an access token (RFC 9068 §2.2). */
export interface Claims {
  iss: string
  aud: string | string[]
  sub: string
  iat: number
  exp: number
  nbf?: number
  jti: string
  sid: string
  client_id?: string
  preferred_username?: string
  auth_time?: number
  amr?: string[]
  acr?: string
  roles?: string[]
  act?: unknown
}

/** What a route asks of an access token: all that is named. */
export interface Needs {
  /** One of these roles. */
  roles?: readonly string[]
  /** Each of these roles. */
  allRoles?: readonly string[]
  /** Each of these scopes. */
  scopes?: readonly string[]
}

/** An account, by one of its names. */
export type UserName = { id: string } | { username: string } | { email: string }

/** An account as `GET /admin/users/:id` shows it. */
export interface AdminUser {
  id: string
  username: string | null
  email: string | null
  email_verified: boolean
  created_at: string
  disabled_at: string | null
  last_login_at: string | null
  roles: string[]
  has_password: boolean
  metadata: { [key: string]: unknown }
  factors: object
  limits: { name: string; wrong_passwords: number; blocked_for: number }[]
}

/** The fields of `POST /admin/users`. */
export interface UserCreation {
  id?: string
  username?: string
  email?: string
  email_verified?: boolean
  password?: string
  roles?: string[]
  metadata?: { [key: string]: unknown }
  invite?: boolean
}

/** The fields of `PATCH /admin/users/:id`. */
export interface UserPatch {
  username?: string | null
  email?: string | null
  email_verified?: boolean
  roles?: string[]
  disabled?: boolean
  metadata?: { [key: string]: unknown }
}

/** The accounts. What does not succeed throws an error with `statusCode` and `code`. */
export interface Users {
  /** Finds an account by its id or its whole name, in any letter case. */
  find(name: UserName): Promise<AdminUser | undefined>
  /** Creates an account, by the rules of `POST /admin/users` with a service key. */
  create(account: UserCreation): Promise<AdminUser>
  /** Changes an account, by the rules of `PATCH /admin/users/:id` with a service key. */
  update(id: string, patch: UserPatch): Promise<AdminUser>
}

/** What the application around the plugin sees of it, as the decorator `latchkey`. */
export interface Latchkey {
  /** Verifies an access token, at once if it was verified before. Throws an error with `statusCode` 401 and `code`. */
  verify(token: string): Claims | Promise<Claims>
  /** Makes an onRequest hook for a route that needs an access token. */
  authorize(
    needs?: Needs
  ): (
    request: { headers: { authorization?: string | undefined } },
    reply: { headers(headers: Record<string, string>): unknown }
  ) => Promise<void>
  /** The claims of the token of a request, behind `authorize`. */
  claims(request: { headers: { authorization?: string | undefined } }): Claims
  readonly users: Users
}

/** Registers the service below a prefix of an application (docs/plugin.md). */
declare const latchkey: FastifyPluginAsync<LatchkeyOptions>
export default latchkey
