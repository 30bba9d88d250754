import pg from 'pg'

/**
 * The settings that our SQL relies on. PgBouncer tracks these for each client, in every pool mode; it rejects others.
 */
const SETTINGS = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', standard_conforming_strings: 'on' }

declare module 'pg' {
  interface Client {
    getStartupConf(): Record<string, string>
  }
}

/** A client that sends the settings in its startup message, without an extra round trip. */
export class ConfiguredClient extends pg.Client {
  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), ...SETTINGS }
  }
}
