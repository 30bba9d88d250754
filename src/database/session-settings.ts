import pg from 'pg'

/**
 * What our SQL relies on, whatever the server, the database or the role is set to. PgBouncer keeps these, and no others,
 * for each of its clients, and lets them pass in any mode.
 */
const SETTINGS = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', standard_conforming_strings: 'on' }

declare module 'pg' {
  interface Client {
    getStartupConf(): Record<string, string>
  }
}

/** A client whose start-up message sets what our SQL relies on, without a round trip of its own. */
export class ConfiguredClient extends pg.Client {
  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), ...SETTINGS }
  }
}
