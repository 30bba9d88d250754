import http from 'node:http'
import type { Answer } from '@latchkey/compare/measure/client'

/**
 * Sends requests until the signal is aborted, with a fixed concurrency, over persistent connections.
 *
 * @returns the answers that arrived before the signal
 */
export async function generateLoad(
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
