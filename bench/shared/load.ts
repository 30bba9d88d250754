import http from 'node:http'
import type { Answer } from '@latchkey/compare/measure/client'

/**
 * Asks all the time until the signal, so many requests at once, over connections that are kept.
 *
 * @returns the answers that came before the signal
 */
export async function keepAsking(
  atOnce: number,
  signal: AbortSignal,
  ask: (agent: http.Agent) => Promise<Answer>
): Promise<Answer[]> {
  const agent = new http.Agent({ keepAlive: true })
  const answers: Answer[] = []
  const client = async () => {
    while (!signal.aborted) {
      const answer = await ask(agent)
      if (!signal.aborted) answers.push(answer)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  agent.destroy()
  return answers
}
