import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** Where services keep their accounts: each in a database of its own. */
export interface Databases {
  /** @returns its URL; nothing for one that is embedded */
  create(): Promise<string | undefined>
  /** Puts away all that were created. */
  drop(): Promise<void>
}

/** @param server the URL of a PostgreSQL server on which databases may be made; without one they are embedded */
export function openDatabases(server: string | undefined): Databases {
  if (server === undefined) return { create: async () => undefined, drop: async () => {} }
  const names: string[] = []

  async function run(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }

  return {
    async create() {
      const name = `latchkey_timing_${randomUUID().slice(0, 8)}`
      await run(`CREATE DATABASE ${name}`)
      names.push(name)
      return Object.assign(new URL(server), { pathname: `/${name}` }).href
    },
    async drop() {
      for (const name of names) await run(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  }
}
