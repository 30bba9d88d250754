import type { Field } from './form.ts'

/** The password of an existing account. */
export const CURRENT_PASSWORD: Field = {
  name: 'password',
  label: 'Password',
  called: 'the password',
  type: 'password',
  autocomplete: 'current-password'
}

/** The password of a new account. */
export const FIRST_PASSWORD: Field = { ...CURRENT_PASSWORD, autocomplete: 'new-password' }

/** A password that replaces another one. */
export const NEW_PASSWORD: Field = {
  name: 'new_password',
  label: 'New password',
  called: 'the new password',
  type: 'password',
  autocomplete: 'new-password'
}

/** The username of a new account. */
export const USERNAME: Field = {
  name: 'username',
  label: 'Username (optional)',
  called: 'the username',
  type: 'text',
  autocomplete: 'username',
  optional: true
}
