declare module 'fastify-cli/start.js' {
  import type { FastifyInstance } from 'fastify'

  const cli: {
    /** Runs `fastify start`. @param args its arguments */
    start(args: string[]): Promise<FastifyInstance>
  }
  export default cli
}
