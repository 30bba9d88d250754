import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { postgresVersion } from './cluster.ts'
import { megabytes } from './report.ts'

/** On what figures were taken: without it they say little. */
export function describeMachine(): string[] {
  const [processor] = cpus()
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, commit ${commit}`,
    `${cpus().length} cores (${processor?.model.trim()}), ${megabytes(totalmem())}`,
    `Node ${process.version}, PostgreSQL ${postgresVersion}, Fastify ${version('fastify')}, bcrypt ${version('bcrypt')}, piscina ${version('piscina')}`
  ]
}

const version = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
