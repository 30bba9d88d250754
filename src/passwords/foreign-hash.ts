import {
  costExcess,
  decode,
  isDigest,
  isValidCost,
  positiveInteger,
  readHash,
  type StoredHash,
  writeHash
} from './stored-hash.ts'

/** A hash in its normal form, or why it is rejected. */
type ImportedHash = { hash: string; reason?: never } | { reason: string; hash?: never }

/**
 * Converts a password hash of another service to the normal form that `readHash` parses.
 *
 * @param given the text of the hash, or a Keycloak credential, as an object or as JSON
 */
export function importHash(given: string | object): ImportedHash {
  const credential = typeof given === 'string' && given.trimStart().startsWith('{') ? parsed(given) : given
  const hash = typeof credential === 'string' ? parseText(credential) : readKeycloak(credential)
  if (!hash) return { reason: 'has no known format' }
  const excess = costExcess(hash)
  return excess ? { reason: `is too costly to verify: ${excess}` } : { hash: writeHash(hash) }
}

/** A text format: its pattern, and a function of the pattern's groups. */
type Format = [RegExp, (...groups: string[]) => StoredHash | undefined]

const HEXADECIMAL = '((?:[0-9a-f]{2}){16,128})'

/** Formats beside the normal ones. `$2x$` is not accepted: it marks hashes of a faulty implementation. */
const FORMATS: Format[] = [
  // bcrypt: $2a$, $2b$ and $2y$ are the same algorithm. The unused bits of its base64 must be 0, or nothing would
  // match.
  [
    /^(?:bcrypt\$)?\$2([aby]?)(\$\d\d\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26])$/,
    (revision, rest) => readHash(`$2${revision && 'b'}${rest}`)
  ],
  // Django's argon2.
  [/^argon2(\$argon2.+)$/, (rest) => readHash(rest)],
  // better-auth: the salt is the hexadecimal text, not its bytes.
  [/^([0-9a-f]{32}):([0-9a-f]{128})$/, (salt, key) => scrypt(2 ** 14, 16, 1, text(salt), hexadecimal(key))],
  // Werkzeug, and so Flask.
  [
    new RegExp(`^scrypt:(\\d+):(\\d+):(\\d+)\\$([^$]+)\\$${HEXADECIMAL}$`),
    (N, r, p, salt, key) =>
      scrypt(positiveInteger(N), positiveInteger(r), positiveInteger(p), text(salt), hexadecimal(key))
  ],
  [
    new RegExp(`^pbkdf2:(\\w+):(\\d+)\\$([^$]+)\\$${HEXADECIMAL}$`),
    (digest, iterations, salt, key) => pbkdf2(digest, iterations, text(salt), hexadecimal(key))
  ],
  // Django.
  [
    /^scrypt\$(\d+)\$([^$]+)\$(\d+)\$(\d+)\$([^$]+)$/,
    (N, salt, r, p, key) => scrypt(positiveInteger(N), positiveInteger(r), positiveInteger(p), text(salt), decode(key))
  ],
  [
    /^pbkdf2_(\w+)\$(\d+)\$([^$]+)\$([^$]+)$/,
    (digest, iterations, salt, key) => pbkdf2(digest, iterations, text(salt), decode(key))
  ],
  // Passlib: base64 with `.` for `+`.
  [
    /^\$pbkdf2(?:-(\w+))?\$(\d+)\$([./A-Za-z0-9]+)\$([./A-Za-z0-9]+)$/,
    (digest = 'sha1', iterations, salt, key) => pbkdf2(digest, iterations, adapted(salt), adapted(key))
  ],
  // Ory Kratos: with the length of the key; for scrypt N itself, not its logarithm.
  [/^(\$pbkdf2-\w+\$i=\d+),l=\d+(\$.+)$/, (head, rest) => readHash(head + rest)],
  [
    /^\$scrypt\$ln=(\d{3,}),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/,
    (N, r, p, salt, key) =>
      scrypt(positiveInteger(N), positiveInteger(r), positiveInteger(p), decode(salt), decode(key))
  ]
]

function parseText(given: string): StoredHash | undefined {
  for (const [pattern, read] of FORMATS) {
    const groups = pattern.exec(given)
    if (groups) return read(...groups.slice(1))
  }
  return given.startsWith('$2') ? undefined : readHash(given)
}

/**
 * Parses a Keycloak credential: as in realm exports and in its database, with two nested JSON documents, or flat.
 */
function readKeycloak(given: object): StoredHash | undefined {
  const { algorithm, hashIterations, salt, value, additionalParameters } = flatten(given)
  const [saltBytes, key] = [decode(asText(salt)), decode(asText(value))]
  const iterations = asText(hashIterations)
  if (algorithm !== 'argon2') {
    const digest = asText(algorithm).replace(/^pbkdf2-/, '')
    return pbkdf2(digest === 'pbkdf2' ? 'sha1' : digest, iterations, saltBytes, key)
  }
  if (!saltBytes || !key) return undefined
  const [type, version, memory, lanes] = ['type', 'version', 'memory', 'parallelism'].map((name) =>
    asText((additionalParameters as Record<string, unknown> | undefined)?.[name])
  )
  const revision = version === '1.3' ? 19 : 16
  const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return readHash(
    `$argon2${type}$v=${revision}$m=${memory},t=${iterations},p=${lanes}$${encode(saltBytes)}$${encode(key)}`
  )
}

function flatten(given: object): Record<string, unknown> {
  const { secretData, secret_data, credentialData, credential_data, ...rest } = given as Record<string, unknown>
  return { ...rest, ...parsed(secretData ?? secret_data), ...parsed(credentialData ?? credential_data) }
}

function parsed(text: unknown): object {
  try {
    return Object(JSON.parse(asText(text)))
  } catch {
    return {}
  }
}

/** Keycloak's parameters are lists with one element. */
function asText(value: unknown): string {
  const [single] = [value].flat()
  return typeof single === 'string' || typeof single === 'number' ? String(single) : ''
}

function scrypt(
  N: number | undefined,
  r: number | undefined,
  p: number | undefined,
  salt: Uint8Array | undefined,
  key: Uint8Array | undefined
): StoredHash | undefined {
  const logN = Math.log2(N ?? 0)
  if (!Number.isInteger(logN) || !r || !p || !isValidCost(logN, r) || !salt || !key) return undefined
  return checked({ algorithm: 'scrypt', logN, r, p, salt, key })
}

function pbkdf2(
  digest: string,
  iterations: string,
  salt: Uint8Array | undefined,
  key: Uint8Array | undefined
): StoredHash | undefined {
  const rounds = positiveInteger(iterations)
  if (!isDigest(digest) || !rounds || !salt || !key) return undefined
  return checked({ algorithm: 'pbkdf2', digest, iterations: rounds, salt, key })
}

/** Rejects a hash that `readHash` would not parse once it is stored. */
const checked = (hash: StoredHash) => readHash(writeHash(hash))

const text = (salt: string) => new Uint8Array(Buffer.from(salt))
const hexadecimal = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'))
const adapted = (base64: string) => decode(base64.replaceAll('.', '+'))
