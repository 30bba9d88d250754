import bcrypt from 'bcrypt'

/** Stands in for piscina in src/hasher.ts: hashes in the process's own thread pool, as bcrypt does by itself. */
export class Piscina {
  /**
   * @param {import('../../src/hash-worker.js').HashTask} task
   * @returns {Promise<string | boolean>}
   */
  run(task) {
    return 'cost' in task ? bcrypt.hash(task.password, task.cost) : bcrypt.compare(task.password, task.hash)
  }

  async destroy() {}
}
