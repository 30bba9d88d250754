import bcrypt from 'bcrypt'

/** Replaces piscina in src/passwords/hasher.ts: hashes in the thread pool of the process, as bcrypt does by default. */
export class Piscina {
  /**
   * @param {import('../../src/passwords/hash-worker.js').HashTask} task
   * @returns {Promise<string | boolean>}
   */
  run(task) {
    if ('cost' in task) return bcrypt.hash(task.password, task.cost)
    const { password, hash } = task
    return bcrypt.compare(password, hash.algorithm === 'bcrypt' ? hash.text : '')
  }

  async destroy() {}
}
