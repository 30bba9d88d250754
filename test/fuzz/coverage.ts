import type { Answer, Ask } from '@latchkey/contract/suite/client'
import type { OpenApi, Operation } from './document.ts'

/** What no request here can bring about, and why. */
const OUT_OF_REACH: [RegExp, string][] = [
  [/ 304$/, 'takes the tag of a document, or * by chance'],
  [/ 408 /, 'takes a client that is slow'],
  [/ 417 /, 'takes an Expect header, which a connection is needed for'],
  [/ 431 /, 'takes a connection: it is the parser that refuses'],
  [/ 429 /, 'LIMITS is off'],
  [/ 5\d\d /, 'would be a fault'],
  [/^GET .* 400 MALFORMED_REQUEST/, 'takes a request without Host, or a path that leads nowhere'],
  [
    /^POST \/(?:email\/\S+|password\/reset) (?:204|409 (?:ACCOUNT_EXISTS|LAST_CREDENTIAL)|400 PASSWORD_REJECTED)/,
    'takes the token of a mail'
  ],
  [/^POST \/email\/verify (?:401 INVALID_CREDENTIALS|403 FORBIDDEN)/, 'takes the token of a mail'],
  [
    /^(?:POST \/login 403 MFA_REQUIRED|POST \/login\/mfa (?:200|401 MFA_CODE_INVALID)|POST \/mfa\/(?:totp\/confirm|recovery-codes) 200|DELETE \/mfa\/totp 204|POST \/token\/step-up 403)/,
    'takes an authenticator app'
  ],
  [/ 40\d PASSKEY_/, 'takes what a browser answers'],
  [/ 401 STEP_UP_REQUIRED/, 'takes an access token that outlives STEP_UP_MAX_AGE'],
  [
    /^(?:POST \/passkeys (?:201|403 FORBIDDEN)|(?:PATCH|DELETE) \/passkeys\/\{id\} (?:20|409)|POST \/login\/passkey 200)/,
    'takes an authenticator'
  ],
  [/ 409 LAST_ADMIN/, 'takes an administrator'],
  [/^DELETE \/me\/identities\/\{id\} (?:204|409)/, 'takes a provider'],
  [/^\w+ \/admin\/\S+ (?:2\d\d|40[3-9]|4[12]\d|400)/, 'takes an administrator'],
  [/ 403 EMAIL_UNVERIFIED/, 'REQUIRE_VERIFIED_EMAIL is off'],
  [/^(?:POST \/introspect|GET \/metrics) 403 /, 'takes a service key without the scope'],
  [/^POST \/introspect 404 /, 'takes a service without INTROSPECTION_KEY'],
  [/^GET \/metrics 404 /, 'takes a service without METRICS_KEY, and a client from afar']
]

/** Which answers a run has seen. */
export class Coverage {
  readonly #seen = new Map<string, Map<string, number>>()

  count(operation: Operation | undefined, { method }: Ask, { status, json }: Answer): void {
    const name = operation ? `${method} ${operation.path}` : 'elsewhere'
    const label = `${status} ${status < 400 ? '' : (json?.code ?? '')}`.trim()
    const counts = this.#seen.get(name) ?? new Map<string, number>()
    this.#seen.set(name, counts.set(label, (counts.get(label) ?? 0) + 1))
  }

  /** Every documented answer, with each of its codes, that a run could have seen and has not. */
  missing({ operations }: OpenApi): string[] {
    return operations
      .flatMap(({ name, responses }) =>
        Object.entries(responses).flatMap(([status, { description }]) =>
          Number(status) < 400 ? [[name, status]] : description.split(', ').map((code) => [name, `${status} ${code}`])
        )
      )
      .filter(([name, label]) => !this.#seen.get(name as string)?.has(label as string))
      .map((answer) => answer.join(' '))
      .filter((answer) => !OUT_OF_REACH.some(([pattern]) => pattern.test(answer)))
  }

  /** Every success of the admin API that a run could have seen and has not. */
  missingOfAdministration({ operations }: OpenApi): string[] {
    return (
      operations
        // They take the link of a trial, and a session of the account in the path.
        .filter(({ path }) => path.startsWith('/admin/') && !/\/(?:setup|\{session\})$/.test(path))
        .flatMap(({ name, responses }) => Object.keys(responses).map((status) => [name, status] as const))
        .filter(([name, status]) => Number(status) < 300 && !this.#seen.get(name)?.has(status))
        .map((answer) => answer.join(' '))
    )
  }

  /** A line for each operation. */
  table(): string {
    const lines = [...this.#seen].sort().map(([name, counts]) => {
      const cells = [...counts].sort().map(([label, count]) => `${label}: ${count}`)
      return `${name.padEnd(28)} ${cells.join(', ')}`
    })
    return lines.join('\n')
  }
}
