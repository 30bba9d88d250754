import { useEffect, useRef, useState } from 'preact/hooks'
import { call } from '../api.ts'
import { useListed } from '../loading.ts'
import { Button, Choice, Dialog, dialog, Empty, Fault, Field, Heading, More, Select, Tag, tell } from '../parts.tsx'
import { addressOf, go, place } from '../router.ts'
import { nameOf, Text, Time } from '../text.tsx'
import type { AdminUser, ListedUser } from '../types.ts'
import { readRoles } from './roles.ts'

/** A key pressed asks the service after this time, if no other follows: 200 ms are allowed in all. */
const PAUSE_MS = 50

const STATES = [
  ['', 'All'],
  ['active', 'Active'],
  ['disabled', 'Disabled'],
  ['unverified', 'Address not verified'],
  ['invited', 'Invited']
] as const

/** Finds accounts by the start of a name as one types, and by filters. */
export function UsersScreen({ query, isAdmin }: { query: Record<string, string>; isAdmin: boolean }) {
  const { search = '', state = '', role = '' } = query
  // Another filter may have changed since this was rendered.
  const set = (change: Record<string, string>) => go(addressOf(['users'], { ...place.get().query, ...change }), true)
  const { rows, error, more, isSearching, reload } = useListed<'users', ListedUser>('users', 'admin/users', {
    search: readable(search),
    state,
    role
  })
  return (
    <>
      <Heading
        title="Users"
        actions={
          isAdmin && (
            <Button kind="main" onClick={() => dialog.set(<NewUser />)}>
              New user…
            </Button>
          )
        }
      />
      <search class="filters">
        <Typed
          label="Username or email begins with"
          name="search"
          value={search}
          onText={(text) => set({ search: text })}
        />
        <Select label="State" name="state" value={state} options={STATES} onChange={(value) => set({ state: value })} />
        <Typed label="Role" name="role" value={role} onText={(text) => set({ role: text.toLowerCase() })} />
      </search>
      <Fault error={error} retry={reload} />
      {rows?.length === 0 && <Empty what="account" isSearching={isSearching} more={more} />}
      {rows && rows.length > 0 && (
        <div class="card table">
          <table class="users">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Email</th>
                <th scope="col">Since</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More more={isSearching ? undefined : more} />
    </>
  )
}

/** What the service would refuse is left out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is left out
const readable = (text: string) => text.replaceAll(/[\u0000-\u001f\u007f]/g, '').trimStart()

function Row({ user }: { user: ListedUser }) {
  return (
    <tr>
      <td>
        <a href={addressOf(['users', user.id])}>
          <Text>{nameOf(user)}</Text>
        </a>
      </td>
      <td>
        {user.email && <Text>{user.email}</Text>} {user.email && !user.email_verified && <Tag>not verified</Tag>}
      </td>
      <td>
        <Time at={user.created_at} date />
      </td>
      <td>
        <StateTags user={user} />
      </td>
    </tr>
  )
}

export function StateTags({ user }: { user: ListedUser }) {
  const { disabled_at, has_password, last_login_at, roles } = user
  const isInvited = !has_password && last_login_at === null
  return (
    <>
      {disabled_at ? <Tag kind="bad">disabled</Tag> : <Tag kind="good">{isInvited ? 'invited' : 'active'}</Tag>}
      {roles.map((role) => (
        <>
          {' '}
          <Tag key={role}>{role}</Tag>
        </>
      ))}
    </>
  )
}

/** A field that tells its text a short time after the last key. */
function Typed({
  label,
  name,
  value,
  onText
}: {
  label: string
  name: string
  value: string
  onText(text: string): void
}) {
  const [text, setText] = useState(value)
  const told = useRef(value)
  useEffect(() => {
    if (text === told.current) return undefined
    const timer = setTimeout(() => {
      told.current = text
      onText(text)
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  // Another address, such as by the history, changes the field.
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setText(value)
  }, [value])
  return (
    <Field
      label={label}
      name={name}
      type="search"
      value={text}
      maxLength={254}
      spellcheck={false}
      onInput={({ currentTarget }) => setText((currentTarget as HTMLInputElement).value)}
    />
  )
}

function NewUser() {
  async function create(fields: FormData): Promise<void> {
    const text = (name: string) => String(fields.get(name) ?? '')
    const roles = readRoles(text('roles'))
    const user = await call<AdminUser>('POST', 'admin/users', {
      body: {
        ...(text('username') && { username: text('username') }),
        ...(text('email') && { email: text('email') }),
        ...(text('password') && { password: text('password') }),
        ...(roles.length > 0 && { roles }),
        ...(fields.has('invite') && { invite: true })
      }
    })
    go(addressOf(['users', user.id]))
    tell('The account was created.')
  }
  return (
    <Dialog title="New user" action="Create" onDo={create}>
      <p>Give a username, an email address or both.</p>
      <Field label="Username" name="username" spellcheck={false} />
      <Field label="Email" name="email" type="email" />
      <Field
        label="Password"
        name="password"
        type="password"
        hint="Without one, nobody signs in by password until the account has one."
      />
      <Field label="Roles" name="roles" hint="Separated by spaces." spellcheck={false} />
      <Choice name="invite" label="Send an invitation, with which the owner of the address chooses the password" />
    </Dialog>
  )
}
