import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import { findAdminUser } from '../admin/admin-users.ts'
import { listUsers } from '../admin/listed-users.ts'
import type { Operator } from '../admin/scopes.ts'
import type { Done } from '../admin/targets.ts'
import { REFUSALS_EVERY, refusedChange } from '../audit/refusals.ts'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { OperatorContext } from '../flows/operator/account-acts.ts'
import { changeUser } from '../flows/operator/user-change.ts'
import { createUser, requireCreatable, requireInvitable } from '../flows/operator/user-creation.ts'
import { parseJson } from '../http/json-body.ts'
import { describeFaults, STRICT } from '../http/validation.ts'
import { createRecentlySeen } from '../limits/recently-seen.ts'
import { type AdminUser, UserCreation, UserPatch } from '../schemas/admin/users.ts'
import { UUID } from '../schemas/fields.ts'
import { isUsernameReserved } from '../users/reserved-usernames.ts'

/** An account, by one of its names. */
export type UserName = { id: string } | { username: string } | { email: string }

/** The accounts, for the application around the plugin. */
export interface Users {
  /** Finds an account by its id or its whole name, in any letter case. */
  find(name: UserName): Promise<AdminUser | undefined>
  /**
   * Creates an account, by the rules of `POST /admin/users` with a service key.
   *
   * @throws an error with `statusCode` and `code`: VALIDATION_FAILED, PASSWORD_REJECTED, ACCOUNT_EXISTS, ROLE_PROTECTED,
   * MAIL_UNAVAILABLE, TOO_MANY_REQUESTS, OVERLOADED, DATABASE_UNAVAILABLE
   */
  create(account: UserCreation): Promise<AdminUser>
  /**
   * Changes an account, by the rules of `PATCH /admin/users/:id` with a service key.
   *
   * @throws an error with `statusCode` and `code`: VALIDATION_FAILED, NOT_FOUND, ACCOUNT_EXISTS, ROLE_PROTECTED,
   * DATABASE_UNAVAILABLE
   */
  update(id: string, patch: UserPatch): Promise<AdminUser>
}

const ajv = new Ajv(STRICT)
addFormats.default(ajv)
const isCreation = ajv.compile(UserCreation)
const isPatch = ajv.compile(UserPatch)

const ID = new RegExp(UUID)

const NAMES = ['id', 'username', 'email']

/** An application passes on what people send to it: like a service key, it neither gives reserved roles nor changes operators. */
const HOST: Operator = { id: 'host', actor: 'key', isAdmin: false, scopes: ['users:read', 'users:write'] }

/** Creates the accounts of a service that is inside another application. */
export function createUsers(service: FastifyInstance): Users {
  const { audit, config, limits, mail, passwords, sessions } = service
  const secret = service.deriveKey('limits')
  const context: OperatorContext = { operator: HOST, lifetimes: sessions.rules, secret, mail: mail.available }

  /** An account that the transaction has made or locked. */
  const find = async (transaction: Database, id: string) => (await findAdminUser(transaction, secret, id)) as AdminUser

  const isFirst = createRecentlySeen(service.clock.now, REFUSALS_EVERY)

  /** Records a refusal by a rule of roles, once a minute for each function, as the admin API does. */
  function recordRefusal(error: unknown, route: keyof Users, account?: string): void {
    const reason = refusedChange(error)
    if (reason && isFirst(route))
      audit.record('service', 'admin refused', { account, detail: { reason, route: `users.${route}` } })
  }

  /** Makes a change and its records, or nothing. */
  async function make(work: (transaction: Database) => Promise<Done<AdminUser>>): Promise<AdminUser> {
    const { result, committed } = await service.database.open().transact(async (transaction) => {
      const { result, acts } = await work(transaction)
      const events = acts.map((act) => ({ ...act, actor: 'service' as const }))
      return { result, committed: await audit.append(transaction, events) }
    })
    committed()
    mail.wake()
    return result
  }

  async function hash({ username, email }: UserCreation, password: string): Promise<string> {
    passwords.accept(password, [username, email])
    return passwords.hash(password)
  }

  return {
    async find(name) {
      const [key, value] = requireName(name)
      // No account has such a name, and the database would refuse it.
      if (value.includes('\0')) return undefined
      const database = service.database.open()
      if (key === 'id') return ID.test(value) ? findAdminUser(database, secret, value) : undefined
      const { users } = await listUsers(database, { [key]: value }, { limit: 1 })
      return users[0] && findAdminUser(database, secret, users[0].id)
    },

    async create(account) {
      const given = read<UserCreation>(isCreation, account)
      const { password, ...rest } = given
      if (rest.invite) requireInvitable(given)
      try {
        requireCreatable(HOST, rest)
      } catch (error) {
        recordRefusal(error, 'create')
        throw error
      }
      if (rest.invite) await mail.require()
      const passwordHash = password === undefined ? null : await hash(rest, password)
      const created = { ...rest, passwordHash, isReserved: isUsernameReserved(config, rest.username) }
      return make(async (transaction) => {
        const { result: id, acts } = await createUser(transaction, context, created, limits.mailByOperator)
        return { result: await find(transaction, id), acts }
      })
    },

    async update(id, changes) {
      const patch = read<UserPatch>(isPatch, changes)
      if (typeof id !== 'string' || !ID.test(id)) throw new Problem('NOT_FOUND')
      const isReserved = isUsernameReserved(config, patch.username ?? undefined)
      const change = { ...context, renaming: { tokenTtl: config.ACCESS_TOKEN_TTL }, isReserved }
      const changing = make(async (transaction) => {
        const { acts } = await changeUser(transaction, change, id, patch)
        return { result: await find(transaction, id), acts }
      })
      return changing.catch((error) => {
        recordRefusal(error, 'update', id)
        throw error
      })
    }
  }
}

/**
 * The one name by which an account is sought. A name that is undefined would be no filter, and find the newest account.
 *
 * @throws TypeError
 */
function requireName(name: UserName): [string, string] {
  const [[key, value] = ['', ''], ...others] = Object.entries(name)
  if (!NAMES.includes(key) || typeof value !== 'string' || others.length > 0) {
    throw new TypeError('users.find needs an id, a username or an email, which must be text')
  }
  return [key, value]
}

/**
 * Reads an argument as the body of a request would be read: what JSON has of it, without NUL and lone surrogates, which
 * the database refuses.
 *
 * @throws Problem MALFORMED_REQUEST or VALIDATION_FAILED
 */
function read<Body>(isValid: ValidateFunction, given: unknown): Body {
  const value = parseJson(Buffer.from(toJson(given)))
  if (isValid(value)) return value as Body
  throw new Problem('VALIDATION_FAILED', { errors: describeFaults(isValid.errors as ErrorObject[]) })
}

function toJson(given: unknown): string {
  try {
    return JSON.stringify(given) ?? 'null'
  } catch (cause) {
    throw new Problem('MALFORMED_REQUEST', { message: 'This cannot be written as JSON.', cause })
  }
}
