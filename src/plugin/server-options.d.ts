// The types of the package's entry `server-options`, for the same reason as those in latchkey.d.ts.
import type { Server } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'

/** Options for the server of an application that has the service inside: with them, the contract holds also for what Node and Fastify answer by themselves. */
export declare const serverOptions: FastifyHttpOptions<Server>
