import type { PGlite } from '@electric-sql/pglite'
import type { Pool } from 'pg'
import type { Clock } from './clock.ts'
import type { Timers } from './concurrency/periodic.ts'
import type { Config } from './config/config.ts'
import type { HashThreads } from './passwords/hasher.ts'

/** The options of the application. Most replace what belongs to the process, for tests. */
export interface AppOptions {
  /** By default, read from the environment. */
  config?: Config
  clock?: Clock
  /** A pool of another application, instead of one of our own. It is left open. */
  pool?: Pool
  /** An open embedded database, instead of the one in DATA_DIR. */
  pglite?: PGlite
  /** Require that the database, its schema and its secret exist: commands create none of them. */
  existing?: boolean
  /** The interval between two batches of audit records, in milliseconds. */
  recordEvery?: number
  /** Disable deadlines and load shedding: tests must pass on a machine of any speed. */
  unhurried?: boolean
  /** The interval between two reads of the outbox, in milliseconds. */
  mailEvery?: number
  /** The threads that hash passwords, of several applications. They are left running. */
  hashThreads?: HashThreads
  /** The timers of background work. */
  timers?: Timers
  /** The terminal that the welcome is printed on. */
  terminal?: { isTTY?: boolean; write(text: string): unknown }
  /** The folder with the built console; by default, that of the build. */
  consoleFolder?: string
  /** Another application owns the HTTP server: leave out the plugins that control and observe it. */
  insideAnother?: boolean
}
