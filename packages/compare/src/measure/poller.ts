import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask, type Question } from './client.ts'

/**
 * Asks a URL again and again, every 20 ms unless told otherwise, whether the last one has been answered or not, until the
 * signal. One connection at most stays open unused, and never for long: a server that closes idle ones cannot close one
 * that is just being used.
 */
export async function poll(
  url: URL,
  signal: AbortSignal,
  { every = 20, question = () => ({}) }: { every?: number; question?: () => Question } = {}
): Promise<Answer[]> {
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 1 })
  const answers: Promise<Answer>[] = []
  const start = performance.now()
  while (!signal.aborted) {
    answers.push(ask(url.origin, 'GET', url.pathname, { ...question(), agent }))
    await pause(Math.max(0, start + answers.length * every - performance.now()))
  }
  const all = await Promise.all(answers)
  agent.destroy()
  return all
}
