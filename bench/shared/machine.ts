import { commit, machine, versions } from '@latchkey/compare/measure/machine'
import { postgresVersion } from './cluster.ts'

/** On what figures were taken: without it they say little. */
export function describeMachine(): string[] {
  const { processor, cores, memory } = machine()
  const { node, fastify, bcrypt } = versions()
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, commit ${commit()}`,
    `${cores} cores (${processor}), ${memory} MB`,
    `Node ${node}, PostgreSQL ${postgresVersion}, Fastify ${fastify}, bcrypt ${bcrypt}`
  ]
}
