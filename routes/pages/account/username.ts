import type { FastifyPluginAsync } from 'fastify'
import { USERNAME } from '../../../src/pages/fields.ts'
import { UserChange } from '../../../src/schemas/users.ts'

/** Changing the username, or choosing the first one. */
const username: FastifyPluginAsync = async (fastify) => {
  const { limits, ownAccount, pages } = fastify

  pages.addAccountForm(fastify, {
    path: '/username',
    body: UserChange,
    before: pages.requireSession,
    preHandler: limits.byAddress('username change'),
    form: () => ({
      action: 'pages/account/username',
      title: 'account.username.title',
      text: 'account.username.text',
      fields: [USERNAME],
      button: 'account.username.button'
    }),
    async act({ request }, { username }) {
      await ownAccount.changeUsername(request, username)
      return { goTo: 'pages/account', done: 'username' }
    }
  })
}

export default username
