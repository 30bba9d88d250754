import type { Field } from './form.ts'

/** The password of an existing account. */
export const CURRENT_PASSWORD: Field = {
  name: 'password',
  label: 'password',
  type: 'password',
  autocomplete: 'current-password'
}

/** The password of the account that is signed in, for a change of it. */
export const OWN_PASSWORD: Field = { ...CURRENT_PASSWORD, name: 'current_password', label: 'password.current' }

/** A new password, with the rule that people need to know before they choose one. */
export const newPassword = (name: 'password' | 'new_password', min: number): Field => ({
  name,
  label: name === 'password' ? 'password' : 'password.new',
  hint: { text: 'password.hint', values: { min } },
  type: 'password',
  autocomplete: 'new-password'
})

/** Whether a new password also deletes all passkeys, which somebody else may have added. */
export const DELETE_PASSKEYS: Field = {
  name: 'delete_passkeys',
  label: 'reset.delete_passkeys',
  type: 'checkbox',
  autocomplete: 'off',
  optional: true
}

/** Whether a new password also unlinks all accounts at other providers, one of which somebody else may have linked. */
export const UNLINK_IDENTITIES: Field = {
  ...DELETE_PASSKEYS,
  name: 'unlink_identities',
  label: 'reset.unlink_identities'
}

/** The username of a new account, or a new one. */
export const USERNAME: Field = {
  name: 'username',
  label: 'username',
  invalid: 'fault.username',
  type: 'text',
  autocomplete: 'username',
  verbatim: true
}

export const EMAIL: Field = {
  name: 'email',
  label: 'email',
  invalid: 'fault.email',
  type: 'email',
  autocomplete: 'email'
}

/** A name to sign in with: an address or a username. The browser may offer passkeys there. */
export const NAME: Field = {
  name: 'name',
  label: 'sign-in.name',
  type: 'text',
  autocomplete: 'username webauthn',
  verbatim: true
}

/** The code of an authenticator app. One field: six boxes would break pasting and screen readers. */
export const TOTP: Field = {
  name: 'totp',
  label: 'second-step.totp',
  invalid: 'fault.totp',
  type: 'text',
  autocomplete: 'one-time-code',
  inputmode: 'numeric',
  verbatim: true
}

/** A recovery code. With `one-time-code`, password managers would fill in the code of the app. */
export const RECOVERY_CODE: Field = {
  name: 'recovery_code',
  label: 'second-step.recovery_code',
  type: 'text',
  autocomplete: 'off',
  verbatim: true
}
