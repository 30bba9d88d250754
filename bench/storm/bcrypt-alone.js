/** What bcrypt alone does: compares for so many seconds, in so many threads, and says how many a second that were. */
import { setTimeout as pause } from 'node:timers/promises'
import bcrypt from 'bcrypt'
import { Piscina } from 'piscina'

const [concurrency = 1, cost = 12, seconds = 20] = process.argv.slice(2).map(Number)

const workers = new Piscina({
  filename: new URL('../../src/passwords/hash-worker.js', import.meta.url).href,
  minThreads: concurrency,
  maxThreads: concurrency
})
const task = {
  password: 'correct horse battery staple',
  hash: { algorithm: 'bcrypt', text: bcrypt.hashSync('another', cost), repeated: false }
}

/** @type {number[]} */
const ends = []
let over = false
const hashing = Array.from({ length: concurrency }, async () => {
  while (!over) {
    await workers.run(task)
    ends.push(performance.now())
  }
})
await pause(seconds * 1000)
over = true
await Promise.all(hashing)
await workers.destroy()
process.send?.(ends)
