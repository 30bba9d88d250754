import type { FastifyInstance } from 'fastify'

/** Keeps the hasher, which does one hash at once, busy until it is told. */
export function holdHashes({ passwords }: FastifyInstance) {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { busy: passwords.semaphore.enter({}).run(() => opened), open }
}
