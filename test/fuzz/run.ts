import type { Answer, Ask, Client } from '@latchkey/contract/suite/client'
import { Coverage } from './coverage.ts'
import { type OpenApi, readDocument } from './document.ts'
import { faultOf, operationOf } from './oracle.ts'
import type { Request } from './requests.ts'
import { type Keys, World } from './world.ts'

/** Sends requests one after another or side by side, judges the answers, and learns from them. */
export class Run {
  readonly coverage = new Coverage()
  readonly document: OpenApi
  readonly #world: World
  readonly #send: Client['request']
  #turn = 0
  #signingIn: Promise<void> | undefined

  private constructor(send: Client['request'], document: OpenApi, keys: Keys) {
    this.#send = send
    this.document = document
    this.#world = new World(keys)
  }

  /** A run against a service, by the document that it gives itself. */
  static async of(send: Client['request'], keys: Keys): Promise<Run> {
    const { json } = await send({ path: '/openapi.json' })
    return new Run(send, readDocument(json), keys)
  }

  /** @throws an error that has the whole request and its answer, where the answer is not as it should be */
  async ask(request: Request): Promise<void> {
    if (this.#world.isPoor) {
      // One for all that go side by side.
      this.#signingIn ??= this.#signIn().finally(() => {
        this.#signingIn = undefined
      })
      await this.#signingIn
    }
    await this.#judge(request(this.#world))
  }

  async #signIn(): Promise<void> {
    this.#turn += 1
    for (const ask of this.#world.signIn(this.#turn)) await this.#judge(ask)
  }

  async #judge(ask: Ask): Promise<void> {
    const answer = await this.#send(ask).catch((error) => {
      throw new Error(`no answer: ${error.message}\n${sentAs(ask)}`)
    })
    const { document } = this
    const fault = faultOf(document, ask, answer)
    this.coverage.count(operationOf(document, ask), ask, answer)
    if (fault) throw new Error(`${fault}\n${sentAs(ask)}\n${gotAs(answer)}`)
    this.#world.learn(ask, answer)
  }
}

/** All that it takes to send it again. */
function sentAs({ body, ...ask }: Ask): string {
  const sent = { ...ask, ...(body !== undefined && { body: `${body}`, base64: (body as Buffer).toString('base64') }) }
  return `sent ${JSON.stringify(sent, null, 2)}`
}

const gotAs = ({ status, headers, body }: Answer) =>
  `got ${status} ${JSON.stringify(headers, null, 2)}\n${body.slice(0, 2000)}`
