import type { PGlite } from '@electric-sql/pglite'
import type { Clock } from './clock.ts'
import type { Timers } from './concurrency/periodic.ts'
import type { Config } from './config/config.ts'

/** What a test gives the application instead of the process's own. */
export interface AppOptions {
  config?: Config
  clock?: Clock
  /** An open embedded database, in place of the one in DATA_DIR. */
  pglite?: PGlite
  /** Whether the database has to be there with its schema and its secret: a command makes none of them. */
  existing?: boolean
  /** How often the record is written, in milliseconds. */
  recordEvery?: number
  /** Refuse nothing for taking long: a test must pass on a machine of any speed. */
  unhurried?: boolean
  /** How often the outbox is looked into, in milliseconds. */
  mailEvery?: number
  /** What repeats work in the background: a test has its own. */
  timers?: Timers
  /** Where somebody may be sitting who starts the service. */
  terminal?: { isTTY?: boolean; write(text: string): unknown }
  /** Whether another application owns the server, which it steers and measures itself. */
  insideAnother?: boolean
}
