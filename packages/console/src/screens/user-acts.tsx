import { call } from '../api.ts'
import { Choice, Dialog, Field, tell } from '../parts.tsx'
import { go } from '../router.ts'
import { agentName, nameOf, plural, Text, Time } from '../text.tsx'
import type { AdminUser, UserSession } from '../types.ts'
import type { About } from './user.tsx'

const pathOf = ({ id }: AdminUser, rest = '') => `admin/users/${encodeURIComponent(id)}${rest}`

const Name = ({ of: user }: { of: AdminUser }) => (
  <strong>
    <Text>{nameOf(user)}</Text>
  </strong>
)

/** Says how many active sessions end. */
const ending = (living: number): string =>
  living === 0 ? 'No session is active.' : `${plural(living, 'active session')} ${living === 1 ? 'ends' : 'end'}.`

/** Access tokens are verified by other services on their own. */
const TOKENS = 'Access tokens that are out stay valid at other services until they expire.'

/** Changes something, tells it, and shows the account anew. */
const act = (done: () => void, told: string, request: () => Promise<unknown>) => async () => {
  await request()
  tell(told)
  done()
}

export function Disable({ user, living, done }: About) {
  const disable = act(done, 'The account is disabled.', () => call('PATCH', pathOf(user), { body: { disabled: true } }))
  return (
    <Dialog title="Disable the account?" action="Disable" danger onDo={disable}>
      <p>
        Nobody signs in as <Name of={user} /> any more. {ending(living)} {TOKENS}
      </p>
      <p>Its data stays, and an administrator can enable it again.</p>
    </Dialog>
  )
}

export function Enable({ user, done }: About) {
  const enable = act(done, 'The account is enabled.', () => call('PATCH', pathOf(user), { body: { disabled: false } }))
  return (
    <Dialog title="Enable the account?" action="Enable" onDo={enable}>
      <p>
        <Name of={user} /> can sign in again. Ended sessions stay ended.
      </p>
    </Dialog>
  )
}

export function EndSessions({ user, living, done }: About) {
  const end = act(done, 'The sessions have ended.', () => call('DELETE', pathOf(user, '/sessions')))
  return (
    <Dialog title="End all sessions?" action="End all" danger onDo={end}>
      <p>
        {ending(living)} <Name of={user} /> has to sign in again everywhere. {TOKENS}
      </p>
    </Dialog>
  )
}

export function EndSession({ user, session, done }: About & { session: UserSession }) {
  const end = act(done, 'The session has ended.', () => call('DELETE', pathOf(user, `/sessions/${session.id}`)))
  return (
    <Dialog title="End the session?" action="End the session" danger onDo={end}>
      <p>
        1 session ends: <Text>{agentName(session.user_agent)}</Text>, opened <Time at={session.created_at} />. {TOKENS}
      </p>
    </Dialog>
  )
}

export function Unlock({ user, done }: About) {
  const wrong = user.limits.reduce((total, { wrong_passwords }) => total + wrong_passwords, 0)
  const unlock = act(done, 'The counters are reset.', () => call('DELETE', pathOf(user, '/limits')))
  return (
    <Dialog title="Unlock the account?" action="Unlock" onDo={unlock}>
      <p>
        {plural(wrong, 'wrong password')} {wrong === 1 ? 'is' : 'are'} forgotten, and wrong codes as well.{' '}
        <Name of={user} /> can sign in at once; so can whoever guesses, with as many tries again.
      </p>
    </Dialog>
  )
}

const MAILS: [kind: string, label: string, fits: (user: AdminUser) => boolean][] = [
  ['reset_password', 'a link with which the owner chooses a new password', () => true],
  ['verify_email', 'a link that verifies the address', (user) => !user.email_verified],
  ['invitation', 'an invitation, with which the owner chooses the first password', (user) => !user.has_password]
]

export function SendMail({ user, done }: About) {
  async function send(fields: FormData): Promise<void> {
    await call('POST', pathOf(user, '/mails'), { body: { kind: fields.get('kind') } })
    tell('The mail will be sent.')
    done()
  }
  return (
    <Dialog title="Send a mail" action="Send" onDo={send}>
      <fieldset>
        <legend>
          To <Text>{user.email ?? ''}</Text>, and earlier links of the kind become void:
        </legend>
        {MAILS.filter(([, , fits]) => fits(user)).map(([kind, label], index) => (
          <label key={kind} class="choice">
            <input type="radio" name="kind" value={kind} defaultChecked={index === 0} />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
    </Dialog>
  )
}

export function SetPassword({ user, living, done }: About) {
  async function set(fields: FormData): Promise<void> {
    const keep = fields.has('keep_sessions')
    await call('PUT', pathOf(user, '/password'), {
      body: { new_password: fields.get('new_password'), ...(keep && { keep_sessions: true }) }
    })
    tell('The password is set.')
    done()
  }
  return (
    <Dialog title="Set the password" action="Set" danger onDo={set}>
      <p>
        The present password of <Name of={user} /> stops working. {ending(living)} A verified address is told. A mail
        with which the owner chooses it is better: then nobody else knows it.
      </p>
      <Field label="New password" name="new_password" type="password" required />
      <Choice name="keep_sessions" label="Keep the sessions" />
    </Dialog>
  )
}

export function RemoveFactors({ user, living, done }: About) {
  const { totp, passkeys, recovery_codes } = user.factors
  const remove = act(done, 'The second factors are removed.', () => call('DELETE', pathOf(user, '/factors')))
  return (
    <Dialog title="Remove all second factors?" action="Remove them" danger onDo={remove}>
      <p>
        <Name of={user} /> loses {totp ? 'the authenticator app, ' : ''}
        {plural(passkeys, 'passkey')} and {plural(recovery_codes, 'recovery code')}; the password alone signs in again.{' '}
        {ending(living)} A verified address is told. This cannot be undone.
      </p>
      <p>Make sure first that it is the owner who asks.</p>
    </Dialog>
  )
}

export function Delete({ user, living }: About) {
  async function remove(): Promise<void> {
    await call('DELETE', pathOf(user))
    go('#/users')
    tell('The account was deleted.')
  }
  return (
    <Dialog title="Delete the account?" action="Delete" danger onDo={remove}>
      <p>
        <Name of={user} /> and all its data are deleted: names, password, second factors, metadata. {ending(living)} The
        record keeps its id. This cannot be undone.
      </p>
      <p>To lock it out for a while, disable it.</p>
    </Dialog>
  )
}
