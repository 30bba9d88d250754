declare module 'fastify-cli/start.js' {
  import type { FastifyInstance } from 'fastify'

  const cli: {
    /** What `fastify start` runs, with its arguments. */
    start(args: string[]): Promise<FastifyInstance>
  }
  export default cli
}
