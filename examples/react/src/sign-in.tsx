import { type Challenge, LatchkeyError } from '@latchkey/client'
import { hasPasskeys, signInWithPasskey } from '@latchkey/client/passkeys'
import { useState } from 'react'
import { session } from './session.ts'

export function SignIn() {
  const [challenge, setChallenge] = useState<Challenge>()
  const [fault, setFault] = useState('')

  /** App shows the user after the sign-in. */
  async function act(work: () => Promise<void>) {
    setFault('')
    try {
      await work()
    } catch (error) {
      if (!(error instanceof LatchkeyError)) return setFault('That did not work. Please try again.')
      if (error.code !== 'MFA_CODE_INVALID') setChallenge(error.challenge)
      setFault(error.message)
    }
  }

  const text = (form: FormData, name: string) => String(form.get(name))

  return (
    <>
      <p role="status">{fault}</p>
      {challenge ? (
        <form
          action={(form) => act(() => session.secondStep(challenge, { totp: text(form, 'totp').replaceAll(' ', '') }))}
        >
          <p>
            <label>
              Code of your app <input name="totp" inputMode="numeric" autoComplete="one-time-code" required />
            </label>
          </p>
          <button type="submit">Continue</button>
        </form>
      ) : (
        <form
          action={(form) => act(() => session.signIn({ username: text(form, 'username') }, text(form, 'password')))}
        >
          <p>
            <label>
              Username <input name="username" autoComplete="username webauthn" required />
            </label>
          </p>
          <p>
            <label>
              Password <input name="password" type="password" autoComplete="current-password" required />
            </label>
          </p>
          <button type="submit">Sign in</button>{' '}
          {hasPasskeys() && (
            <button type="button" onClick={() => act(() => signInWithPasskey(session))}>
              Sign in with a passkey
            </button>
          )}
        </form>
      )}
    </>
  )
}
