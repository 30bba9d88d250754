import { createPrivateKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'
import { isPlainLoopback } from '../http/loopback.ts'
import { describeFaults, STRICT } from '../http/validation.ts'
import { PROVIDER_KINDS } from '../schemas/identities.ts'
import { isPublicUrl } from './formats.ts'

export type ProviderKind = (typeof PROVIDER_KINDS)[number]

/** A provider with which people sign in. */
export interface ProviderSettings {
  /** Part of its path. */
  id: string
  kind: ProviderKind
  /** The text of its button. */
  label: string
  /** The issuer of its tokens; of GitHub, the address of the website. */
  issuer: string
  clientId: string
  /** How this service authenticates to it: with a secret, or at Apple with a key that signs one. */
  client: { secret: string } | AppleKey
  /** The file that contains the secret or the key, unless it comes from the environment. */
  secretFile?: string
  /** How it sends its secret; by default, as the provider announces. */
  authMethod?: (typeof AUTH_METHODS)[number]
  scopes: string[]
  /** Whether an address that it calls verified is taken for verified. */
  trustEmail: boolean
  /** The action if its verified address belongs to an account. */
  link: 'ask' | 'verified_email'
  /** Whether people without an account get one. */
  signUp: boolean
}

/** The key with which client secrets for Apple are signed. */
export interface AppleKey {
  team: string
  keyId: string
  /** A P-256 key in PEM. */
  key: string
}

/** RFC 7591 §2. */
const AUTH_METHODS = ['client_secret_basic', 'client_secret_post'] as const

/** The maximum size of the file, and of each file with a secret, in bytes. */
const MAX_BYTES = 65_536

const strict = { additionalProperties: false }
const text = (description: string, pattern: string) => Type.String({ pattern, description })
const visible = text('text of 1 to 255 visible characters', '^[!-~]{1,255}$')
const Secret = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Object({ env: Type.String({ minLength: 1 }) }, strict),
  Type.Object({ file: Type.String({ minLength: 1 }) }, strict)
])

const Given = Type.Object(
  {
    id: text('1 to 32 characters of a-z, 0-9 and -', '^[a-z0-9-]{1,32}$'),
    kind: Type.String({ enum: PROVIDER_KINDS }),
    label: Type.Optional(text('text of 1 to 64 characters, without control characters', '^[^\\p{C}]{1,64}$')),
    issuer: Type.Optional(Type.String({ format: 'issuer', description: 'an https:// URL without a query' })),
    client_id: visible,
    client_secret: Type.Optional(Secret),
    token_endpoint_auth_method: Type.Optional(Type.String({ enum: [...AUTH_METHODS] })),
    team: Type.Optional(visible),
    key_id: Type.Optional(visible),
    key: Type.Optional(Secret),
    scopes: Type.Optional(
      Type.Array(text('a scope', '^[!#-\\[\\]-~]{1,128}$'), { minItems: 1, maxItems: 20, uniqueItems: true })
    ),
    trust_email: Type.Optional(Type.Boolean()),
    link: Type.Optional(Type.String({ enum: ['ask', 'verified_email'] })),
    sign_up: Type.Optional(Type.Boolean())
  },
  strict
)
type Given = Static<typeof Given>

const ProvidersFile = Type.Object({ providers: Type.Array(Type.Unknown(), { maxItems: 50 }) }, strict)

const ajv = new Ajv({ ...STRICT, strict: false, formats: { issuer: isIssuer } })
const isFile = ajv.compile<Static<typeof ProvidersFile>>(ProvidersFile)
const isGiven = ajv.compile<Given>(Given)

/** An https URL, or http on this machine. */
function isIssuer(url: string): boolean {
  return isPublicUrl(url) && (url.startsWith('https:') || isPlainLoopback(url))
}

/** The defaults of each kind. */
const KINDS: Record<ProviderKind, { label?: string; issuer?: string; scopes: string[]; trustEmail: boolean }> = {
  google: { label: 'Google', issuer: 'https://accounts.google.com', scopes: ['openid', 'email'], trustEmail: true },
  microsoft: { label: 'Microsoft', scopes: ['openid', 'email'], trustEmail: false },
  apple: { label: 'Apple', issuer: 'https://appleid.apple.com', scopes: ['openid', 'email'], trustEmail: true },
  github: { label: 'GitHub', issuer: 'https://github.com', scopes: ['user:email'], trustEmail: true },
  oidc: { scopes: ['openid', 'email'], trustEmail: false }
}

/** Issuers of Microsoft for more than one tenant: tokens of such come from other issuers. */
const MANY_TENANTS = /\/(?:common|organizations|consumers)(?:\/|$)/

/** The scopes with which GitHub tells the addresses of a user. */
const READS_ADDRESSES = ['user:email', 'user']

/** The providers, and what is wrong with the file: with its place, and without values. */
export interface ProvidersRead {
  providers: ProviderSettings[]
  faults: string[]
}

/**
 * Reads the file that PROVIDERS names, and the secrets that it refers to.
 *
 * @param variables where `{"env": "NAME"}` is looked up; undefined in an application that has the service inside
 */
export function readProviders(path: string, variables: NodeJS.ProcessEnv | undefined): ProvidersRead {
  const faults: string[] = []
  const content = readJson(path, faults)
  if (content === undefined) return { providers: [], faults }
  if (!isFile(content)) return { providers: [], faults: describe(isFile.errors, '') }
  const ids = new Set<string>()
  // Entries are checked one by one: a malformed one does not hide what is wrong with the others.
  const providers = content.providers.flatMap((given, index) => {
    const place = `/providers/${index}`
    if (!isGiven(given)) {
      faults.push(...describe(isGiven.errors, place))
      return []
    }
    const complain = (name: string, message: string) => faults.push(`PROVIDERS: ${place}/${name} ${message}`)
    if (ids.has(given.id)) complain('id', 'is the id of another provider')
    ids.add(given.id)
    const secret = (name: 'client_secret' | 'key') => readSecret(given[name], { path, variables }, name, complain)
    return [{ ...complete(given, secret, complain), ...secretFileOf(given.client_secret ?? given.key, path) }]
  })
  return { providers, faults }
}

const describe = (errors: typeof isFile.errors, place: string): string[] =>
  describeFaults(errors as ErrorObject[]).map(({ path, message }) => `PROVIDERS: ${place}${path || '/'} ${message}`)

type Complain = (name: string, message: string) => void

function complete(
  given: Given,
  secret: (name: 'client_secret' | 'key') => string,
  complain: Complain
): ProviderSettings {
  const kind = given.kind as ProviderKind
  const { id, client_id: clientId, issuer, label, scopes, trust_email, link = 'ask', sign_up: signUp = true } = given
  const authMethod = given.token_endpoint_auth_method as ProviderSettings['authMethod']
  const defaults = KINDS[kind]
  if (issuer === undefined && defaults.issuer === undefined) complain('issuer', 'is required')
  if (kind === 'microsoft' && issuer !== undefined && MANY_TENANTS.test(issuer)) {
    complain('issuer', 'must be that of one tenant: https://login.microsoftonline.com/<tenant id>/v2.0')
  }
  if (authMethod !== undefined && kind !== 'oidc') complain('token_endpoint_auth_method', 'is for oidc only')
  if (kind === 'microsoft' && trust_email) complain('trust_email', 'must be false: Microsoft does not verify addresses')
  if (kind !== 'github' && scopes && !scopes.includes('openid')) complain('scopes', 'must contain openid')
  if (kind === 'github' && scopes && !READS_ADDRESSES.some((scope) => scopes.includes(scope))) {
    complain('scopes', 'must contain user:email')
  }
  return {
    id,
    kind,
    label: label ?? defaults.label ?? id,
    issuer: issuer ?? defaults.issuer ?? '',
    clientId,
    client: kind === 'apple' ? appleKey(given, secret, complain) : clientSecret(given, secret, complain),
    ...(authMethod !== undefined && { authMethod }),
    scopes: scopes ?? defaults.scopes,
    trustEmail: trust_email ?? defaults.trustEmail,
    link: link as ProviderSettings['link'],
    signUp
  }
}

function clientSecret(given: Given, secret: (name: 'client_secret') => string, complain: Complain): { secret: string } {
  for (const name of ['team', 'key_id', 'key'] as const) {
    if (given[name] !== undefined) complain(name, 'is for Apple only')
  }
  return { secret: secret('client_secret') }
}

function appleKey(given: Given, secret: (name: 'key') => string, complain: Complain): AppleKey {
  const { team = '', key_id: keyId = '' } = given
  if (team === '') complain('team', 'is required')
  if (keyId === '') complain('key_id', 'is required')
  if (given.client_secret !== undefined) complain('client_secret', 'is not for Apple: give team, key_id and key')
  const key = secret('key')
  if (key !== '' && !isP256Key(key)) complain('key', 'must be a private P-256 key in PEM, as Apple offers it (.p8)')
  return { team, keyId, key }
}

function isP256Key(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

/** Where a secret is kept: in a file of its own, or in the file of providers. */
function secretFileOf(given: Static<typeof Secret> | undefined, path: string): { secretFile?: string } {
  if (typeof given === 'string') return { secretFile: path }
  return given && 'file' in given ? { secretFile: resolve(dirname(path), given.file) } : {}
}

const NO_VARIABLES = 'cannot be used, since the plugin reads no environment: give the text itself, or {"file": "PATH"}'

/** @returns an empty text after a fault */
function readSecret(
  given: Static<typeof Secret> | undefined,
  { path, variables }: { path: string; variables: NodeJS.ProcessEnv | undefined },
  name: string,
  complain: Complain
): string {
  if (given === undefined) {
    complain(name, 'is required')
    return ''
  }
  if (typeof given === 'string') return given
  if ('env' in given) {
    const value = variables?.[given.env]
    if (!variables) complain(`${name}/env`, NO_VARIABLES)
    else if (!value) complain(`${name}/env`, 'must name an environment variable that is set')
    return value ?? ''
  }
  const value = readText(resolve(dirname(path), given.file))?.trim()
  if (!value) complain(`${name}/file`, 'must be the path of a readable file of at most 64 KB')
  return value ?? ''
}

function readJson(path: string, faults: string[]): unknown {
  const content = readText(path)
  if (content === undefined) {
    faults.push('PROVIDERS must be the path of a readable file of at most 64 KB')
    return undefined
  }
  try {
    return JSON.parse(content)
  } catch {
    faults.push('PROVIDERS must be the path of a file in JSON')
    return undefined
  }
}

function readText(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_BYTES ? undefined : readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
