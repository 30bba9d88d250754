import { type ComponentChild, render } from 'preact'
import { Button, dialog, Heading, notice, Tag } from './parts.tsx'
import { type Place, place, readPlace } from './router.ts'
import { KeysScreen } from './screens/keys.tsx'
import { OverviewScreen } from './screens/overview.tsx'
import { RecordScreen } from './screens/record.tsx'
import { ServiceKeysScreen } from './screens/service-keys.tsx'
import { SetupScreen } from './screens/setup.tsx'
import { UserScreen } from './screens/user.tsx'
import { UsersScreen } from './screens/users.tsx'
import { hasPages, type Me, session, signIn, signOut, start } from './session.ts'
import { Text } from './text.tsx'

/** The screens, by the first part of their address. */
const SCREENS: [part: string, title: string, forAdmins: boolean][] = [
  ['', 'Overview', false],
  ['users', 'Users', false],
  ['record', 'Record', false],
  ['keys', 'Keys', true],
  ['service-keys', 'Service keys', true]
]

function App() {
  const state = session.use()
  if (state.is === 'starting') return <Alone title="One moment…" />
  if (state.is === 'setting up') return <SetupScreen token={state.token} />
  if (state.is === 'signed out') {
    return (
      <Alone
        title="Latchkey console"
        action={
          hasPages && (
            <Button kind="main" onClick={() => signIn()}>
              Sign in
            </Button>
          )
        }
      >
        {state.why}
      </Alone>
    )
  }
  const isAdmin = state.me.roles.includes('admin')
  if (!isAdmin && !state.me.roles.includes('support')) return <NoRole me={state.me} />
  return <Console me={state.me} isAdmin={isAdmin} />
}

/** A page with nothing but a message. */
function Alone({ title, children, action }: { title: string; children?: ComponentChild; action?: ComponentChild }) {
  return (
    <main class="alone">
      <div class="card">
        <Heading title={title} />
        {children && <p>{children}</p>}
        {action && <div class="actions">{action}</div>}
      </div>
    </main>
  )
}

function NoRole({ me }: { me: Me }) {
  return (
    <Alone title="No access" action={<Button onClick={signOut}>Sign out</Button>}>
      <Text>{me.name}</Text> has neither the role admin nor support. An administrator can give it one of them.
    </Alone>
  )
}

function Console({ me, isAdmin }: { me: Me; isAdmin: boolean }) {
  const at = place.use()
  const told = notice.use()
  const asked = dialog.use()
  const [first = ''] = at.parts
  return (
    <>
      <header>
        <a class="home" href="#/">
          Latchkey
        </a>
        <nav aria-label="Screens">
          {SCREENS.filter(([, , forAdmins]) => isAdmin || !forAdmins).map(([part, title]) => (
            <a key={part} href={`#/${part}`} {...(first === part && { 'aria-current': 'page' as const })}>
              {title}
            </a>
          ))}
        </nav>
        <div class="me">
          <span>
            <Text>{me.name}</Text> <Tag>{isAdmin ? 'admin' : 'support'}</Tag>
          </span>
          <Button onClick={signOut}>Sign out</Button>
        </div>
      </header>
      <main>
        <p class="notice" role="status">
          {told.text}
        </p>
        {screenAt(at, isAdmin)}
      </main>
      {asked}
    </>
  )
}

/** Anything else, such as `..`, would be another path of the service. */
const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

function screenAt({ parts, query }: Place, isAdmin: boolean) {
  const [first = '', id] = parts
  if (first === '' && parts.length === 0) return <OverviewScreen />
  if (first === 'users' && id !== undefined && ID.test(id)) return <UserScreen key={id} id={id} isAdmin={isAdmin} />
  if (first === 'users' && id === undefined) return <UsersScreen query={query} isAdmin={isAdmin} />
  if (first === 'record') return <RecordScreen query={query} />
  if (first === 'keys' && isAdmin) return <KeysScreen />
  if (first === 'service-keys' && isAdmin) return <ServiceKeysScreen />
  return <Heading title="There is nothing here" />
}

const root = document.createElement('div')
root.id = 'console'
document.body.append(root)
render(<App />, root)
await start()
readPlace()
