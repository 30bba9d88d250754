import bcrypt from 'bcrypt'

/** Stands in for piscina in src/passwords/hasher.ts: hashes in the process's own thread pool, as bcrypt does by itself. */
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
