import { defineLetter } from './letter.ts'

/** Tells the owner of the previous address that an account has another one, and how to undo that. */
export const emailChanged = defineLetter({
  kind: 'email changed',
  variables: ['name', 'new_email'],
  link: { purpose: 'undo email change', page: '/email/change/undo', lifetime: 7 * 24 * 60 * 60, requires: [] },
  async compose({ user_id, recipient, data }) {
    const { name, new_email, change } = data as Record<'name' | 'new_email' | 'change', string>
    return { recipient, variables: { name, new_email }, token: { user: String(user_id), email: recipient, change } }
  }
})
