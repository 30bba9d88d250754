/**
 * A parsed `password_hash`. The column holds text: bcrypt in its usual format, and the other algorithms in one normal
 * form each, after the PHC string format (https://github.com/P-H-C/phc-string-format).
 */
export type StoredHash = Bcrypt | Argon2 | Scrypt | Pbkdf2

interface Bcrypt {
  algorithm: 'bcrypt'
  cost: number
  /** With the prefix `$2b$`, which the library expects. */
  text: string
  /** Whether it is the original bcrypt, `$2$`, which repeats the password without a NUL in between. */
  repeated: boolean
}

interface Salted {
  salt: Uint8Array
  /** The derived key. */
  key: Uint8Array
}

interface Argon2 extends Salted {
  algorithm: 'argon2'
  variant: (typeof VARIANTS)[number]
  version: 16 | 19
  /** In KiB. */
  memory: number
  passes: number
  lanes: number
}

interface Scrypt extends Salted {
  algorithm: 'scrypt'
  /** Base-2 logarithm of N. */
  logN: number
  r: number
  p: number
  /** Firebase's variant: the hash is `signerKey`, encrypted with the key that scrypt derives. */
  firebase?: { signerKey: Uint8Array; separator: Uint8Array }
}

interface Pbkdf2 extends Salted {
  algorithm: 'pbkdf2'
  digest: Digest
  iterations: number
}

/** Argon2's types, in the order of their numbers (RFC 9106 §3.1). */
const VARIANTS = ['argon2d', 'argon2i', 'argon2id'] as const

/** PBKDF2's digests: their length in bytes, and the iterations that take as long as bcrypt at cost 15. */
const DIGESTS = {
  sha1: { bytes: 20, most: 4_000_000 },
  sha256: { bytes: 32, most: 4_000_000 },
  sha512: { bytes: 64, most: 2_000_000 }
}

export type Digest = keyof typeof DIGESTS

/** Stored by earlier versions for an account without a password, in place of null. */
export const NO_PASSWORD = '!'

const BCRYPT = /^\$2(b?)\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/

const PHC =
  /^\$(?<name>[a-z0-9-]+)(?:\$v=(?<version>\d{2}))?\$(?<parameters>[^$]+)\$(?<salt>[A-Za-z0-9+/]+={0,2})\$(?<key>[A-Za-z0-9+/]+={0,2})$/

/** Parses a hash in its normal form. Returns undefined if it has none. */
export function readHash(text: string): StoredHash | undefined {
  const [, revision, cost] = BCRYPT.exec(text) ?? []
  if (revision !== undefined) {
    return { algorithm: 'bcrypt', cost: Number(cost), text: text.replace('$2$', '$2b$'), repeated: revision === '' }
  }
  const { name = '', version, parameters = '', ...rest } = PHC.exec(text)?.groups ?? {}
  const [salt, key] = [decode(rest.salt), decode(rest.key)]
  if (!salt || !key || key.length < 16) return undefined
  return readSalted(name, version, Object.fromEntries(parameters.split(',').map(pair)), { salt, key })
}

function readSalted(name: string, version: string | undefined, given: Parameters, salted: Salted) {
  const variant = VARIANTS.find((variant) => variant === name)
  if (variant) return readArgon2(variant, version, given, salted)
  if (version !== undefined) return undefined
  if (name === 'scrypt') return readScrypt(given, salted)
  if (name === 'fbscrypt') return readFirebase(given, salted)
  const digest = name.startsWith('pbkdf2-') ? name.slice('pbkdf2-'.length) : ''
  return isDigest(digest) ? readPbkdf2(digest, given, salted) : undefined
}

type Parameters = Record<string, string>

function readArgon2(
  variant: Argon2['variant'],
  version: string | undefined,
  given: Parameters,
  salted: Salted
): Argon2 | undefined {
  const [memory, passes, lanes] = numbers(given, 'm', 't', 'p')
  // PHC: a missing version is the first one, 16.
  const named = version === undefined || version === '16' ? 16 : version === '19' ? 19 : undefined
  if (!memory || !passes || !lanes || !named || salted.salt.length < 8 || lanes > 255 || memory < 8 * lanes) {
    return undefined
  }
  return { algorithm: 'argon2', variant, version: named, memory, passes, lanes, ...salted }
}

function readScrypt(given: Parameters, salted: Salted): Scrypt | undefined {
  const [logN, r, p] = numbers(given, 'ln', 'r', 'p')
  return logN && r && p && isValidCost(logN, r) ? { algorithm: 'scrypt', logN, r, p, ...salted } : undefined
}

/** RFC 7914 §6: N is less than 2^(128 * r / 8). */
export const isValidCost = (logN: number, r: number) => logN < 16 * r

/** The format in which Supabase stores hashes of Firebase. */
function readFirebase({ ss, sk, v, ...given }: Parameters, salted: Salted): Scrypt | undefined {
  const [logN, r, p] = numbers(given, 'n', 'r', 'p')
  const [separator, signerKey] = [decode(ss), decode(sk)]
  if (v !== '1' || !logN || !r || !p || !isValidCost(logN, r) || !separator || signerKey?.length !== salted.key.length)
    return undefined
  return { algorithm: 'scrypt', logN, r, p, firebase: { signerKey, separator }, ...salted }
}

function readPbkdf2(digest: Digest, given: Parameters, salted: Salted): Pbkdf2 | undefined {
  const [iterations] = numbers(given, 'i')
  return iterations ? { algorithm: 'pbkdf2', digest, iterations, ...salted } : undefined
}

/** Serializes a hash to its normal form. */
export function writeHash(hash: StoredHash): string {
  switch (hash.algorithm) {
    case 'bcrypt':
      return hash.repeated ? hash.text.replace('$2b$', '$2$') : hash.text
    case 'argon2':
      return phc(hash.variant, `v=${hash.version}$m=${hash.memory},t=${hash.passes},p=${hash.lanes}`, hash)
    case 'scrypt':
      return hash.firebase ? writeFirebase(hash, hash.firebase) : phc('scrypt', `ln=${workOf(hash)}`, hash)
    case 'pbkdf2':
      return phc(`pbkdf2-${hash.digest}`, `i=${hash.iterations}`, hash)
  }
}

const workOf = ({ logN, r, p }: Scrypt) => `${logN},r=${r},p=${p}`

function writeFirebase(hash: Scrypt, { signerKey, separator }: NonNullable<Scrypt['firebase']>): string {
  const [ss, sk, salt, key] = [separator, signerKey, hash.salt, hash.key].map((bytes) =>
    Buffer.from(bytes).toString('base64')
  )
  return `$fbscrypt$v=1,n=${workOf(hash)},ss=${ss},sk=${sk}$${salt}$${key}`
}

const phc = (name: string, parameters: string, { salt, key }: Salted) =>
  `$${name}$${parameters}$${encode(salt)}$${encode(key)}`

/** Memory limit for one hash, in KiB: 128 MiB, as OWASP's strongest scrypt parameters take. */
const MAX_MEMORY = 131_072

/**
 * Why a hash is too costly to verify: longer than bcrypt at cost 15, the highest BCRYPT_COST, or more than 128 MiB.
 * Imported hashes must not be able to block the service; nobody can sign in with one that exceeds the limits.
 *
 * @returns undefined if the cost is acceptable
 */
export function costExcess(hash: StoredHash): string | undefined {
  switch (hash.algorithm) {
    case 'bcrypt':
      return hash.cost > 15 ? 'bcrypt above cost 15' : undefined
    case 'argon2':
      if (hash.memory > MAX_MEMORY) return 'argon2 with more than 128 MiB of memory'
      return hash.memory * hash.passes > 8 * MAX_MEMORY ? 'argon2 with more than 8 passes over 128 MiB' : undefined
    case 'scrypt':
      if (2 ** hash.logN * hash.r > 8 * MAX_MEMORY || hash.p * hash.r > MAX_MEMORY)
        return 'scrypt with more than 128 MiB of memory'
      return 2 ** hash.logN * hash.r * hash.p > 32 * MAX_MEMORY ? 'scrypt with more than 4 times 128 MiB' : undefined
    case 'pbkdf2': {
      const { bytes, most } = DIGESTS[hash.digest]
      const rounds = hash.iterations * Math.ceil(hash.key.length / bytes)
      return rounds > most ? `pbkdf2-${hash.digest} with more than ${most} rounds` : undefined
    }
  }
}

/** Whether PBKDF2 with this digest is supported. */
export function isDigest(name: string): name is Digest {
  return Object.hasOwn(DIGESTS, name)
}

/** Parses a positive decimal integer without leading zeros. */
export function positiveInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
}

/** The values of the named parameters, if there are no others. */
function numbers(given: Parameters, ...names: string[]): (number | undefined)[] {
  return Object.keys(given).join() === names.join() ? names.map((name) => positiveInteger(given[name])) : []
}

const pair = (text: string): [string, string] => {
  const [name = '', ...value] = text.split('=')
  return [name, value.join('=')]
}

const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '')

/** Decodes canonical base64, padded or not, of at most 128 bytes: no hash or salt is longer. */
export function decode(text: string | undefined): Uint8Array | undefined {
  if (!text) return undefined
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  return bytes.length <= 128 && encode(bytes) === text.replace(/={0,2}$/, '') ? bytes : undefined
}
