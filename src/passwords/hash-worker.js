import { createCipheriv, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'
import bcrypt from 'bcrypt'

/** @typedef {import('./stored-hash.ts').StoredHash} StoredHash */

/**
 * What a worker thread is asked: to make a hash at a cost, or to check whether a password is the one of a hash.
 *
 * @typedef {{ password: string, cost: number } | { password: string, hash: StoredHash }} HashTask
 */

/**
 * Runs in a worker thread of its own, and in JavaScript, so that a thread starts at once wherever the rest runs as
 * TypeScript. The synchronous calls are the point: asynchronous ones would go to the process's shared thread pool, at
 * normal priority.
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
  // It takes the 72 bytes that it needs.
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
      // Not loaded before it is needed: it brings a native library of its own.
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
