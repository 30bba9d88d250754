import { useId } from 'preact/hooks'
import { call, Refusal } from '../api.ts'
import { mergePatch } from '../merge-patch.ts'
import { Choice, Dialog, Field, tell } from '../parts.tsx'
import type { AdminUser, Json } from '../types.ts'
import { readRoles } from './roles.ts'
import type { About } from './user.tsx'

/** Changes what was changed in the form, and nothing else. */
export function EditUser({ user, done }: About) {
  const id = useId()
  async function change(fields: FormData): Promise<void> {
    const patch = patchOf(user, fields)
    if (Object.keys(patch).length > 0) {
      await call('PATCH', `admin/users/${encodeURIComponent(user.id)}`, { body: patch })
      tell('The account was changed.')
    }
    done()
  }
  return (
    <Dialog title="Edit the account" action="Save" onDo={change}>
      <Field label="Username" name="username" defaultValue={user.username ?? ''} spellcheck={false} />
      <Field
        label="Email"
        name="email"
        type="email"
        defaultValue={user.email ?? ''}
        hint="Another address voids earlier links. A verified address before gets a link that undoes the change."
      />
      <Choice name="email_verified" checked={user.email_verified} label="The address is verified" />
      <Field
        label="Roles"
        name="roles"
        defaultValue={user.roles.join(' ')}
        hint="Separated by spaces. admin may do everything here, support may help."
        spellcheck={false}
      />
      <div class="field">
        <label for={id}>Metadata (JSON)</label>
        <textarea id={id} name="metadata" rows={5} spellcheck={false}>
          {JSON.stringify(user.metadata, null, 2)}
        </textarea>
      </div>
    </Dialog>
  )
}

function patchOf(user: AdminUser, fields: FormData): Json {
  const text = (name: string) => String(fields.get(name) ?? '').trim()
  const [username, email] = [text('username') || null, text('email') || null]
  const isVerified = fields.has('email_verified')
  const roles = readRoles(text('roles')).sort()
  const metadata = mergePatch(user.metadata, readMetadata(text('metadata')))
  const isOtherEmail = email !== user.email
  return {
    ...(username !== user.username && { username }),
    ...(isOtherEmail && { email }),
    // Of another address, the box has to be ticked anew.
    ...(!isOtherEmail && email !== null && isVerified !== user.email_verified && { email_verified: isVerified }),
    ...(JSON.stringify(roles) !== JSON.stringify([...user.roles].sort()) && { roles }),
    ...(Object.keys(metadata).length > 0 && { metadata })
  }
}

function readMetadata(text: string): Json {
  try {
    const value: unknown = JSON.parse(text || '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  } catch {
    // Told below.
  }
  throw new Refusal('VALIDATION_FAILED', 'The metadata must be a JSON object.', {})
}
