import { createCipheriv, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'
import bcrypt from 'bcrypt'

/** @typedef {import('./stored-hash.ts').StoredHash} StoredHash */

/**
 * A task of a worker thread: to hash a password with a bcrypt cost, or to verify it against a hash.
 *
 * @typedef {{ password: string, cost: number } | { password: string, hash: StoredHash }} HashTask
 */

/**
 * The entry point of a worker thread. It is JavaScript, so that a thread starts without a TypeScript loader. The calls
 * are synchronous: asynchronous ones would run in the process's shared thread pool, at normal priority.
 *
 * @param {HashTask} task
 * @returns {Promise<string | boolean>}
 */
export default async function work(task) {
  return 'cost' in task ? bcrypt.hashSync(task.password, task.cost) : matches(task.password, task.hash)
}

/**
 * @param {string} password
 * @param {StoredHash} hash
 */
async function matches(password, hash) {
  // `$2$` repeats the password up to the 72 bytes that bcrypt reads.
  if (hash.algorithm === 'bcrypt') return bcrypt.compareSync(hash.repeated ? password.repeat(72) : password, hash.text)
  return timingSafeEqual(await derive(password, hash), hash.key)
}

/**
 * @param {string} password
 * @param {Exclude<StoredHash, { algorithm: 'bcrypt' }>} hash
 * @returns {Promise<Uint8Array>}
 */
async function derive(password, hash) {
  const { salt, key } = hash
  switch (hash.algorithm) {
    case 'argon2': {
      // Loaded on demand: it is a native library.
      const { hashRawSync } = await import('@node-rs/argon2')
      const { memory: memoryCost, passes: timeCost, lanes: parallelism } = hash
      return hashRawSync(password, {
        algorithm: ['argon2d', 'argon2i', 'argon2id'].indexOf(hash.variant),
        version: hash.version === 16 ? 0 : 1,
        memoryCost,
        timeCost,
        parallelism,
        salt,
        outputLen: key.length
      })
    }
    case 'scrypt':
      return hash.firebase ? encryptSignerKey(password, hash, hash.firebase) : scrypt(password, salt, key.length, hash)
    case 'pbkdf2':
      return pbkdf2Sync(password, salt, hash.iterations, key.length, hash.digest)
  }
}

/**
 * @param {string} password
 * @param {Uint8Array} salt
 * @param {number} length
 * @param {{ logN: number, r: number, p: number }} costs
 */
function scrypt(password, salt, length, { logN, r, p }) {
  const N = 2 ** logN
  return scryptSync(password, salt, length, { N, r, p, maxmem: 256 * (N + p + 1) * r })
}

/**
 * @param {string} password
 * @param {{ salt: Uint8Array, logN: number, r: number, p: number }} hash
 * @param {{ signerKey: Uint8Array, separator: Uint8Array }} firebase
 */
function encryptSignerKey(password, hash, { signerKey, separator }) {
  const key = scrypt(password, Buffer.concat([hash.salt, separator]), 32, hash)
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signerKey)
}
