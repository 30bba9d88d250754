import bcrypt from 'bcrypt'

/**
 * What a worker thread is asked: to make a hash at a cost, or to check a password against one.
 *
 * @typedef {{ password: string, cost: number } | { password: string, hash: string }} HashTask
 */

/**
 * Runs in a worker thread of its own, and in JavaScript, so that a thread starts at once wherever the rest runs as
 * TypeScript. The synchronous calls are the point: asynchronous ones would go to the process's shared thread pool, at
 * normal priority.
 *
 * @param {HashTask} task
 * @returns {string | boolean}
 */
export default function work(task) {
  return 'cost' in task ? bcrypt.hashSync(task.password, task.cost) : bcrypt.compareSync(task.password, task.hash)
}
