import bcrypt from 'bcrypt'

/** What a worker thread is asked: to make a hash at a cost, or to check a password against one. */
export type HashTask = { password: string; cost: number } | { password: string; hash: string }

/**
 * Runs in a worker thread of its own. The synchronous calls are the point: asynchronous ones would go to the
 * process's shared thread pool, at normal priority.
 */
export default function work(task: HashTask): string | boolean {
  return 'cost' in task ? bcrypt.hashSync(task.password, task.cost) : bcrypt.compareSync(task.password, task.hash)
}
