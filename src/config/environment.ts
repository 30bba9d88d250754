import { availableParallelism } from 'node:os'
import { type Static, Type } from '@sinclair/typebox'

/** Ten years: every time that is computed with it can be stored, and be in a token. */
const MAX_SECONDS = 315_360_000
const seconds = (defaultValue: number) =>
  Type.Integer({
    minimum: 1,
    maximum: MAX_SECONDS,
    default: defaultValue,
    fix: `seconds, a whole number from 1 to ${MAX_SECONDS}`
  })
const secret = (fix: string) => Type.Optional(Type.String({ format: 'secret', secret: true, fix }))
const onOff = (defaultValue: 'on' | 'off') =>
  Type.Union([Type.Literal('on'), Type.Literal('off')], { default: defaultValue, fix: 'on or off' })
const publicUrl = Type.Optional(
  Type.String({ format: 'public-url', fix: 'an http(s) URL without credentials, query or fragment' })
)
const key = Type.Optional(
  Type.String({ format: 'key', secret: true, fix: 'text of 32 bytes or more, of ASCII without spaces around it' })
)

/**
 * The schema of all settings. The keyword `fix` completes the message "NAME must be …", and `secret` says that the value
 * may come from a file (src/config/secret-files.ts).
 */
export const Environment = Type.Object(
  {
    DATABASE_URL: Type.Optional(
      Type.String({
        format: 'database-url',
        secret: true,
        fix: 'a URL such as postgres://user:password@host:5432/database: percent-encode the password in DATABASE_URL (%2F for /, %3F for ?, %23 for #, %25 for %)'
      })
    ),
    DATABASE_POOL: Type.Integer({ minimum: 1, maximum: 1000, default: 10, fix: 'a whole number from 1 to 1000' }),
    DATABASE_CA: Type.Optional(
      Type.String({ format: 'certificate', fix: 'the path of a readable file with a certificate in PEM' })
    ),
    DATABASE_SCHEMA: Type.Optional(
      Type.String({
        pattern: '^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$',
        fix: 'the name of a schema: lower-case letters, digits and _, such as auth'
      })
    ),
    DATA_DIR: Type.String({ format: 'folder', default: './data', fix: 'the path of a folder' }),
    SECRET_KEY: secret('text of 32 bytes or more, for example the output of: openssl rand -base64 32'),
    SECRET_KEY_PREVIOUS: secret('the SECRET_KEY used before, text of 32 bytes or more'),
    KEY_MAX_AGE: Type.Integer({
      minimum: 0,
      maximum: 3650,
      default: 90,
      fix: 'days, a whole number from 0 to 3650, and 0 for never'
    }),
    PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 3000, fix: 'a port from 1 to 65535' }),
    HOST: Type.String({ format: 'host', default: '127.0.0.1', fix: 'an IP address or a host name' }),
    PUBLIC_URL: publicUrl,
    AUDIENCE: Type.Optional(Type.String({ fix: 'any text' })),
    ACCESS_TOKEN_TTL: seconds(900),
    REFRESH_IDLE_TTL: seconds(2592000),
    REFRESH_MAX_TTL: seconds(15552000),
    REFRESH_GRACE: Type.Integer({
      minimum: 0,
      maximum: 300,
      default: 10,
      fix: 'seconds, a whole number from 0 to 300'
    }),
    BCRYPT_COST: Type.Integer({ minimum: 10, maximum: 15, default: 12, fix: 'a whole number from 10 to 15' }),
    PASSWORD_MIN: Type.Integer({ minimum: 8, maximum: 64, default: 8, fix: 'a whole number from 8 to 64' }),
    HASH_CONCURRENCY: Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: availableParallelism(),
      fix: 'a whole number from 1 to 1024'
    }),
    HASH_QUEUE: Type.Integer({ minimum: 0, maximum: 100000, default: 64, fix: 'a whole number from 0 to 100000' }),
    RESERVED_USERNAMES: Type.String({
      format: 'usernames',
      default:
        'admin,administrator,root,system,security,support,help,info,api,postmaster,hostmaster,webmaster,abuse,noreply,no-reply',
      fix: 'comma-separated usernames, or none'
    }),
    CORS_ORIGINS: Type.String({
      format: 'origins',
      default: '',
      fix: 'comma-separated origins such as https://app.example.com, without a path'
    }),
    TRUSTED_PROXIES: Type.String({
      format: 'cidrs',
      default: '',
      fix: 'comma-separated addresses or CIDRs such as 10.0.0.0/8'
    }),
    PASSKEY_RP_ID: Type.Optional(
      Type.String({ format: 'domain', fix: 'a domain in lower case such as example.com, and no address' })
    ),
    PASSKEY_ORIGINS: Type.String({
      format: 'passkey-origins',
      default: '',
      fix: 'comma-separated origins such as https://app.example.com, without a path, or android:apk-key-hash:…'
    }),
    STEP_UP_MAX_AGE: Type.Integer({
      minimum: 60,
      maximum: 86400,
      default: 600,
      fix: 'seconds, a whole number from 60 to 86400'
    }),
    SERVICE_NAME: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: '^[^\\p{C}]+$',
        fix: 'text of at most 64 characters, without control characters'
      })
    ),
    SMTP_URL: Type.Optional(
      Type.String({
        format: 'smtp-url',
        secret: true,
        fix: 'a URL such as smtp://user:password@host:587 or smtps://user:password@host: percent-encode the password in SMTP_URL'
      })
    ),
    SMTP_CONNECTIONS: Type.Integer({ minimum: 1, maximum: 100, default: 20, fix: 'a whole number from 1 to 100' }),
    MAIL_FROM: Type.Optional(
      Type.String({
        format: 'mail-from',
        fix: 'one address, such as no-reply@example.com or Example <no-reply@example.com>'
      })
    ),
    MAIL_TEMPLATES: Type.Optional(Type.String({ format: 'readable-folder', fix: 'the path of a readable folder' })),
    APP_URL: publicUrl,
    SERVICE_URL: publicUrl,
    PAGES: Type.Optional(Type.Union([Type.Literal('on'), Type.Literal('off')], { fix: 'on or off' })),
    PAGES_FOLDER: Type.Optional(Type.String({ format: 'readable-folder', fix: 'the path of a readable folder' })),
    PROVIDERS: Type.Optional(Type.String({ fix: 'the path of a JSON file' })),
    REQUIRE_VERIFIED_EMAIL: onOff('off'),
    HIDE_ACCOUNTS: onOff('off'),
    LIMITS: onOff('on'),
    ADMIN: onOff('on'),
    ADMIN_MFA: onOff('off'),
    LOG_LEVEL: Type.Union(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
      { default: 'info', fix: 'fatal, error, warn, info, debug, trace or silent' }
    ),
    INTROSPECTION_KEY: key,
    METRICS_KEY: key,
    OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
      Type.String({ format: 'collector', secret: true, fix: 'an http(s) URL such as http://127.0.0.1:4318' })
    ),
    OTEL_SERVICE_NAME: Type.String({ default: 'latchkey', fix: 'any text' })
  },
  // All instances on a server need the same SECRET_KEY; the embedded database generates one. Which senders a mail
  // server accepts cannot be guessed.
  {
    additionalProperties: false,
    dependencies: { DATABASE_URL: ['SECRET_KEY'], SMTP_URL: ['MAIL_FROM'] }
  }
)

/** The settings as validated, before lists are split. */
export type Settings = Static<typeof Environment>

/** The names of the settings whose value is secret, or contains a password. `NAME_FILE` is the path of its file. */
export const SECRETS = Object.entries(Environment.properties)
  .filter(([, schema]) => 'secret' in schema)
  .map(([name]) => name)

/** The names of all settings. */
export const SETTINGS = Object.keys(Environment.properties)

/** The names of all variables of the environment that are read. */
export const VARIABLES = [...SETTINGS, ...SECRETS.map((name) => `${name}_FILE`)]
