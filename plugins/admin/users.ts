import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { findAdminUser } from '../../src/admin/admin-users.ts'
import { hasReserved, requireMayChange } from '../../src/admin/roles.ts'
import type { Database } from '../../src/database/database.ts'
import { Problem } from '../../src/errors.ts'
import { setPasswordOf } from '../../src/flows/operator/account-acts.ts'
import { changeUser } from '../../src/flows/operator/user-change.ts'
import { createUser, requireCreatable, requireInvitable } from '../../src/flows/operator/user-creation.ts'
import type { AdminUser, UserCreation, UserPatch } from '../../src/schemas/admin/users.ts'
import type { AccountNames } from '../../src/schemas/users.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'

/** What operators do to accounts beyond one statement. Needs `request.operator`. */
export interface AdminUsers {
  /** @throws Problem NOT_FOUND */
  find(request: FastifyRequest, id: string): Promise<AdminUser>
  /**
   * Creates an account, and invites its owner if that is asked for.
   *
   * @throws Problem ROLE_PROTECTED, STEP_UP_REQUIRED, ACCOUNT_EXISTS, PASSWORD_REJECTED, MAIL_UNAVAILABLE, VALIDATION_FAILED,
   * TOO_MANY_REQUESTS
   */
  create(request: FastifyRequest, reply: FastifyReply, account: UserCreation): Promise<AdminUser>
  /**
   * Changes an account.
   *
   * @throws Problem FORBIDDEN, NOT_FOUND, STEP_UP_REQUIRED and those of `changeUser`
   */
  change(request: FastifyRequest, id: string, patch: UserPatch): Promise<AdminUser>
  /** @throws Problem NOT_FOUND, ROLE_PROTECTED, PASSWORD_REJECTED */
  setPassword(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    password: { new_password: string; keep_sessions?: boolean }
  ): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    adminUsers: AdminUsers
  }
}

export default fp(
  async (fastify) => {
    const { adminChanges, adminGate, config, limits, mail, passwords } = fastify
    const secret = fastify.deriveKey('limits')
    const renaming = { tokenTtl: config.ACCESS_TOKEN_TTL }
    /** An administrator may assign a reserved username; an application, which passes on what people type, may not. */
    const isReserved = ({ operator }: FastifyRequest, username: string | null | undefined) =>
      !operator.isAdmin && isUsernameReserved(config, username ?? undefined)

    async function find(database: Database, id: string): Promise<AdminUser> {
      const user = await findAdminUser(database, secret, id)
      if (!user) throw new Problem('NOT_FOUND')
      return user
    }

    async function hash(
      reply: FastifyReply,
      password: string,
      path: string,
      names: Partial<AccountNames>,
      id?: string
    ) {
      passwords.accept(password, [names.username, names.email], path)
      const owner = id === undefined ? { registering: names } : { owner: id }
      return passwords.hash(password, passwords.admission(reply, owner))
    }

    fastify.decorate('adminUsers', {
      find: ({ database }, id) => find(database, id),

      async create(request, reply, { password, ...account }) {
        if (account.invite) requireInvitable({ ...account, password })
        adminChanges.judge(request, () => requireCreatable(request.operator, account))
        if (account.invite) await mail.require()
        if (hasReserved(account.roles ?? [])) await adminGate.requireFresh(request)
        const passwordHash = password === undefined ? null : await hash(reply, password, '/password', account)
        const created = { ...account, passwordHash, isReserved: isReserved(request, account.username) }
        return adminChanges.make(request, async (transaction, context) => {
          const { result: id, acts } = await createUser(transaction, context, created, limits.mailByOperator)
          return { result: await find(transaction, id), acts }
        })
      },

      async change(request, id, patch) {
        const isDisabling = patch.disabled === true && Object.keys(patch).length === 1
        if (!isDisabling) adminGate.requireScope(request, 'users:write')
        if (patch.roles || patch.email !== undefined) await adminGate.requireFresh(request)
        return adminChanges.make(request, async (transaction, context) => {
          const change = { ...context, renaming, isReserved: isReserved(request, patch.username) }
          const { acts } = await changeUser(transaction, change, id, patch)
          return { result: await find(transaction, id), acts }
        })
      },

      async setPassword(request, reply, id, { new_password: password, keep_sessions: keepSessions = false }) {
        const user = await find(request.database, id)
        adminChanges.judge(request, () => requireMayChange({ admin: request.operator.isAdmin }, user))
        const passwordHash = await hash(reply, password, '/new_password', user, user.id)
        await adminChanges.make(request, (transaction, context) =>
          setPasswordOf(transaction, context, id, { hash: passwordHash, keepSessions })
        )
      }
    } satisfies AdminUsers)
  },
  {
    name: 'admin-users',
    dependencies: ['admin-changes', 'admin-gate', 'config', 'database', 'derive-key', 'limits', 'mail', 'passwords']
  }
)
