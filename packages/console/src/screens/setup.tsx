import { useState } from 'preact/hooks'
import { callOnce } from '../api.ts'
import { Button, Fault, Field, Heading } from '../parts.tsx'
import { session } from '../session.ts'

/** Creates the first administrator, with the token of the link that the service prints at its start. */
export function SetupScreen({ token }: { token: string }) {
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false })

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (state.busy) return
    setState({ busy: true })
    try {
      const fields = new FormData(event.currentTarget as HTMLFormElement)
      await callOnce('POST', 'admin/setup', { token, ...namesOf(fields), password: String(fields.get('password')) })
      session.set({ is: 'signed out', why: 'Your account is created, with the role admin. Sign in with it.' })
    } catch (error) {
      setState({ busy: false, error })
    }
  }

  return (
    <main class="alone">
      <form class="card" onSubmit={submit}>
        <Heading title="Create the first administrator" />
        <p>The link works once, for 30 minutes, and on this machine only.</p>
        <Field label="Username" name="username" autocomplete="username" spellcheck={false} />
        <Field label="Email (optional)" name="email" type="email" autocomplete="email" />
        <Field label="Password" name="password" type="password" autocomplete="new-password" required />
        <Fault error={state.error} />
        <div class="actions">
          <Button type="submit" kind="main" busy={state.busy}>
            Create
          </Button>
        </div>
      </form>
    </main>
  )
}

/** A name left empty is left out. */
const namesOf = (fields: FormData) =>
  Object.fromEntries(
    ['username', 'email'].flatMap((name) => {
      const value = String(fields.get(name) ?? '').trim()
      return value === '' ? [] : [[name, value]]
    })
  )
