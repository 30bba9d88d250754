import { type Config, ConfigurationError, readConfig } from '../config/config.ts'
import { SETTINGS, type Settings } from '../config/environment.ts'

/** DATABASE_URL as `databaseUrl`. */
type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<Camel<Rest>>}`
  : Lowercase<Name>

/** The settings of the process and its server, which are those of the application around the plugin. */
type OfTheProcess = 'HOST' | 'PORT' | 'LOG_LEVEL' | 'METRICS_KEY' | 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_SERVICE_NAME'

const OF_THE_PROCESS: readonly string[] = [
  'HOST',
  'PORT',
  'LOG_LEVEL',
  'METRICS_KEY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_SERVICE_NAME'
] satisfies OfTheProcess[]

type Setting = Exclude<keyof Settings, OfTheProcess>

/** A list may also be an array. */
type OptionOf<Value> = string extends Value ? Value | readonly string[] : Value

/** A pool of the driver `pg`. */
export interface DatabasePool {
  connect(): Promise<unknown>
  query(text: string): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** The settings of docs/configuration.md, in camelCase. The environment is not read. */
export type LatchkeyOptions = { [Name in Setting as Camel<Name>]?: OptionOf<Settings[Name]> | undefined } & {
  /** The path below which the routes are, such as `/auth`. */
  prefix: string
  /** Where clients reach the routes: the issuer of the tokens. Its path ends with the prefix. */
  publicUrl: string
  /** The name of the decorator; by default `latchkey`. */
  name?: string | undefined
  /** A pool of the driver `pg`, in place of `databaseUrl`. It is left open. */
  pool?: DatabasePool | undefined
}

/** What stands for the URL of a database that another application has connected to, and names it in messages. */
const OF_POOL = 'postgres://pool'

/** The names of all options, with the setting of each. */
const SETTING_OF = new Map(
  SETTINGS.filter((name) => !OF_THE_PROCESS.includes(name)).map((name) => [camelOf(name), name] as const)
)

/** Why settings of the process are not options, by the option that somebody might try. */
const OF_THE_HOST = new Map([
  ...['host', 'port'].map((key) => [key, ': the application listens'] as const),
  ['logLevel', ': the logger of the application decides what is logged, by its level'],
  ['metricsKey', ': the metrics are those of the application'],
  ...['otelExporterOtlpEndpoint', 'otelServiceName'].map((key) => [key, ': the application traces'] as const)
])

/** Options that are no settings. */
const OTHERS = ['prefix', 'name', 'pool']

/**
 * Reads the options, by the schema of the settings.
 *
 * @throws ConfigurationError with every fault and its fix
 */
export function readOptions(options: LatchkeyOptions): Config {
  const faults = faultsOf(options)
  if (faults.length > 0) throw new ConfigurationError(faults)
  try {
    return readConfig(environmentOf(options), { variables: undefined })
  } catch (error) {
    throw new ConfigurationError((error as ConfigurationError).faults.map(inOptions))
  }
}

function faultsOf(options: LatchkeyOptions): string[] {
  const { prefix, name, publicUrl, databaseUrl, pool, dataDir, secretKey } = options
  const unknown = Object.keys(options).filter((key) => !SETTING_OF.has(key) && !OTHERS.includes(key))
  const databases = [databaseUrl, pool, dataDir].filter((each) => !isBlank(each))
  const isPrefix = typeof prefix === 'string' && /^(?:\/[\w.~-]+)+$/.test(prefix)
  return [
    ...unknown.map((key) => `${key} is not an option${OF_THE_HOST.get(key) ?? ''}`),
    ...Object.entries(options)
      .filter(([key, value]) => SETTING_OF.has(key) && value !== undefined && !isSetting(value))
      .map(([key]) => `${key} must be text, a number or a list of text`),
    ...(isPrefix ? [] : ['prefix must be a path such as /auth, without a slash at its end']),
    ...(isPrefix && URL.canParse(publicUrl) && !endsWith(publicUrl, prefix)
      ? [`publicUrl must end with the prefix, such as https://example.com${prefix}`]
      : []),
    ...(publicUrl === undefined ? ['publicUrl must be the URL at which clients reach the prefix'] : []),
    ...(name === undefined || isPropertyName(name) ? [] : ['name must be the name of a property']),
    ...(databases.length === 1 ? [] : ['one of databaseUrl, pool and dataDir must be there, and no other']),
    ...(pool !== undefined && isBlank(secretKey) ? ['secretKey must be there with pool'] : [])
  ]
}

/** A property that every object inherits, such as `constructor`, cannot be the name of a decorator. */
const isPropertyName = (name: unknown) =>
  typeof name === 'string' && /^[A-Za-z_$][\w$]*$/.test(name) && !(name in Object.prototype)

/** Anything else would become text such as `null` or `[object Object]`, and a key in bytes would lose most of them. */
const isSetting = (value: unknown) =>
  ['string', 'number'].includes(typeof value) ||
  (Array.isArray(value) && [...value].every((entry) => typeof entry === 'string'))

/** A blank setting is none: the embedded database would take the place of a blank `databaseUrl`. */
const isBlank = (value: unknown) => value === undefined || (typeof value === 'string' && value.trim() === '')

const endsWith = (publicUrl: string, prefix: string) => new URL(publicUrl).pathname.replace(/\/+$/, '').endsWith(prefix)

function environmentOf(options: LatchkeyOptions): NodeJS.ProcessEnv {
  const entries = Object.entries(options).flatMap(([key, value]) => {
    const name = SETTING_OF.get(key)
    return name === undefined || value === undefined ? [] : [[name, textOf(value)]]
  })
  return { ...Object.fromEntries(entries), ...(options.pool && { DATABASE_URL: OF_POOL }) }
}

const textOf = (value: unknown) => (Array.isArray(value) ? value.join(',') : String(value))

/** A fault of the configuration with the names of options. */
const inOptions = (fault: string) =>
  [...SETTING_OF].reduce((text, [option, name]) => text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), option), fault)

function camelOf(name: string): string {
  return name.toLowerCase().replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase())
}
