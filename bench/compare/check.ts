import { type Dialect, readDialect } from '../contract/dialect.ts'
import { ask, PASSWORD } from '../shared/client.ts'
import type { Checked } from './comparison.ts'
import type { Surface } from './subject.ts'
import type { Target } from './targets.ts'

/** How a service is spoken to that differs so from the contract; our own without anything. */
export function surfaceOf({
  paths,
  fields,
  statuses,
  identifier = 'username',
  register,
  login
}: Dialect = {}): Surface {
  return {
    register: {
      path: paths?.register ?? '/register',
      status: statuses?.registered ?? 201,
      extra: register?.extra ?? {}
    },
    login: { path: paths?.login ?? '/login', status: statuses?.signed_in ?? 200, extra: login?.extra ?? {} },
    secret: { path: paths?.secret ?? '/secret' },
    name: fields?.[identifier] ?? identifier,
    isEmail: identifier === 'email',
    password: fields?.password ?? 'password',
    token: fields?.access_token ?? 'access_token'
  }
}

/**
 * Whether a target does what is measured, and refuses what it has to: without that, its figures are those of something
 * else.
 *
 * @throws Error with what it answered otherwise, or where its dialect cannot be read
 */
export async function check({ name, url, dialect: file }: Target): Promise<Checked> {
  const dialect = file === undefined ? undefined : readDialect(file)
  const surface = surfaceOf(dialect)
  const refused = [dialect?.statuses?.token_missing ?? 401, dialect?.statuses?.token_invalid ?? 401]
  const wrong = dialect?.statuses?.wrong_credentials ?? 401
  const body = JSON.stringify({
    [surface.name]: surface.isEmail ? 'nobody.at.all@example.com' : 'nobody.at.all',
    [surface.password]: PASSWORD,
    ...surface.login.extra
  })
  const expectations = [
    ['GET', surface.secret.path, {}, refused[0]],
    ['GET', surface.secret.path, { token: 'not.a.token' }, refused[1]],
    ['POST', surface.login.path, { body, patience: 60_000 }, wrong]
  ] as const
  for (const [method, path, question, expected] of expectations) {
    const { status, code } = await ask(url.origin, method, path, question)
    if (status !== expected) {
      throw new Error(
        `${name}: ${method} ${path} has to be refused with ${expected}, not answered with ${status || code}.`
      )
    }
  }
  const contract = 'refuses a missing and a made-up token and an unknown account; registers, signs in and opens'
  return { surface, contract, differences: differencesOf(dialect) }
}

/** What a dialect says, a line each. */
export function differencesOf(dialect: Dialect = {}): string[] {
  return Object.entries(dialect).flatMap(([key, value]) => {
    if (key === 'name') return []
    if (typeof value !== 'object' || value === null) return [`${key}: ${value}`]
    return Object.entries(value).map(([inner, chosen]) => `${key}, ${inner}: ${JSON.stringify(chosen)}`)
  })
}
