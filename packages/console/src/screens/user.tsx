import type { ComponentChildren } from 'preact'
import { type Loaded, useListed, useLoaded } from '../loading.ts'
import { Button, dialog, Fault, Heading, More, Tag } from '../parts.tsx'
import { addressOf } from '../router.ts'
import { agentName, count, nameOf, plural, Text, Time } from '../text.tsx'
import type { AdminUser, LogRecord, UserSession } from '../types.ts'
import { Records } from './record.tsx'
import {
  Delete,
  Disable,
  Enable,
  EndSession,
  EndSessions,
  RemoveFactors,
  SendMail,
  SetPassword,
  Unlock
} from './user-acts.tsx'
import { EditUser } from './user-edit.tsx'
import { StateTags } from './users.tsx'

/** One account: who it is, its sessions, what happened to it, and what can be done. */
export function UserScreen({ id, isAdmin }: { id: string; isAdmin: boolean }) {
  const path = `admin/users/${encodeURIComponent(id)}`
  const loaded = useLoaded<AdminUser>(path)
  const sessions = useLoaded<{ sessions: UserSession[] }>(`${path}/sessions`)
  const records = useListed<'records', LogRecord>('records', 'admin/audit', { account: id, limit: '20' })
  const user = loaded.value
  if (!user) {
    return (
      <>
        <Heading title="User" />
        <Fault error={loaded.error} retry={loaded.reload} />
      </>
    )
  }
  const living = sessions.value?.sessions.filter(({ ended_at }) => ended_at === null)
  const isProtected = !isAdmin && user.roles.some((role) => role === 'admin' || role === 'support')
  const reload = () => {
    loaded.reload()
    sessions.reload()
    records.reload()
  }
  const about = { user, living: living?.length ?? 0, done: reload }
  return (
    <>
      <p class="crumbs">
        <a href="#/users">Users</a>
      </p>
      <Heading title={nameOf(user)} actions={!isProtected && <Acts about={about} isAdmin={isAdmin} />}>
        <Text>{nameOf(user)}</Text> <StateTags user={user} />
      </Heading>
      <Fault error={loaded.error} retry={reload} />
      {isProtected && <p class="pale">Only an administrator changes an account with this role.</p>}
      <div class="columns">
        <div>
          <Account user={user} />
          <Security user={user} />
          <Metadata user={user} />
        </div>
        <Sessions sessions={sessions} living={living} about={about} canEnd={!isProtected} />
      </div>
      <h2>What happened</h2>
      <Fault error={records.error} retry={records.reload} />
      {records.rows?.length === 0 && <p class="empty">Nothing is recorded.</p>}
      {records.rows && records.rows.length > 0 && <Records records={records.rows} />}
      <More more={records.more} />
      <p>
        <a href={addressOf(['record'], { account: id })}>All of it, with filters</a>
        {(user.roles.includes('admin') || user.roles.includes('support')) && (
          <>
            {' · '}
            <a href={addressOf(['record'], { by: id })}>What this operator did</a>
          </>
        )}
      </p>
    </>
  )
}

/** The account of the screen, for its actions. */
export interface About {
  user: AdminUser
  /** How many sessions are active. */
  living: number
  /** Loads what is shown again. */
  done(): void
}

/** What helps comes first; what cannot be undone last. */
function Acts({ about, isAdmin }: { about: About; isAdmin: boolean }) {
  const { user } = about
  const isCounted = user.limits.some(({ wrong_passwords, blocked_for }) => wrong_passwords > 0 || blocked_for > 0)
  const { required, totp, passkeys } = user.factors
  const hasFactors = required || totp !== null || passkeys > 0
  return (
    <>
      {user.email && !user.disabled_at && <Act name="Send a mail…" show={<SendMail {...about} />} />}
      {isCounted && <Act name="Unlock…" show={<Unlock {...about} />} />}
      {isAdmin && <Act name="Edit…" show={<EditUser {...about} />} />}
      {isAdmin && <Act name="Set the password…" show={<SetPassword {...about} />} />}
      {isAdmin && hasFactors && <Act name="Remove factors…" danger show={<RemoveFactors {...about} />} />}
      {!user.disabled_at && <Act name="Disable…" danger show={<Disable {...about} />} />}
      {user.disabled_at && isAdmin && <Act name="Enable…" show={<Enable {...about} />} />}
      {isAdmin && <Act name="Delete…" danger show={<Delete {...about} />} />}
    </>
  )
}

const Act = ({ name, danger = false, show }: { name: string; danger?: boolean; show: ComponentChildren }) => (
  <Button kind={danger ? 'danger' : 'quiet'} onClick={() => dialog.set(show)}>
    {name}
  </Button>
)

const Line = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const Never = () => <span class="pale">never</span>
const None = () => <span class="pale">none</span>

function Account({ user }: { user: AdminUser }) {
  return (
    <section class="card">
      <h2>Account</h2>
      <dl>
        <Line name="Id">
          <code>{user.id}</code>
        </Line>
        <Line name="Username">{user.username ? <Text>{user.username}</Text> : <None />}</Line>
        <Line name="Email">
          {user.email ? <Text>{user.email}</Text> : <None />}{' '}
          {user.email && <Tag>{user.email_verified ? 'verified' : 'not verified'}</Tag>}
        </Line>
        <Line name="Since">
          <Time at={user.created_at} />
        </Line>
        <Line name="Last sign-in">{user.last_login_at ? <Time at={user.last_login_at} /> : <Never />}</Line>
        {user.disabled_at && (
          <Line name="Disabled">
            <Time at={user.disabled_at} />
          </Line>
        )}
        <Line name="Roles">
          {user.roles.length > 0 ? user.roles.map((role) => <Tag key={role}>{role}</Tag>) : <None />}
        </Line>
      </dl>
    </section>
  )
}

function Security({ user: { has_password, factors, limits } }: { user: AdminUser }) {
  const wrong = limits.filter(({ wrong_passwords }) => wrong_passwords > 0)
  return (
    <section class="card">
      <h2>Signing in</h2>
      <dl>
        <Line name="Password">{has_password ? 'set' : <None />}</Line>
        <Line name="Second step">{factors.required ? 'required' : 'not required'}</Line>
        <Line name="App">
          {factors.totp ? (
            <>
              since <Time at={factors.totp.created_at} date />
            </>
          ) : (
            <None />
          )}
        </Line>
        <Line name="Passkeys">{count(factors.passkeys)}</Line>
        <Line name="Recovery codes">{count(factors.recovery_codes)} left</Line>
        <Line name="Wrong passwords">
          {wrong.length === 0 && <None />}
          {wrong.map(({ name, wrong_passwords, blocked_for }) => (
            <div key={name}>
              {count(wrong_passwords)} on the {name}
              {blocked_for > 0 && (
                <>
                  {' '}
                  <Tag kind="bad">blocked for {count(blocked_for)} s</Tag>
                </>
              )}
            </div>
          ))}
        </Line>
      </dl>
    </section>
  )
}

function Metadata({ user: { metadata } }: { user: AdminUser }) {
  const isEmpty = Object.keys(metadata).length === 0
  return (
    <section class="card">
      <h2>Metadata</h2>
      {isEmpty ? (
        <p>
          <None />
        </p>
      ) : (
        <pre>
          {JSON.stringify(metadata, null, 2)
            .split('\n')
            .map((line, index) => (
              <div key={index}>
                <Text>{line}</Text>
              </div>
            ))}
        </pre>
      )}
    </section>
  )
}

interface SessionsProps {
  sessions: Loaded<{ sessions: UserSession[] }>
  living: UserSession[] | undefined
  about: About
  canEnd: boolean
}

function Sessions({ sessions, living, about, canEnd }: SessionsProps) {
  const ended = sessions.value?.sessions.filter(({ ended_at }) => ended_at !== null) ?? []
  return (
    <section class="card">
      <div class="heading">
        <h2>
          Sessions <span class="pale">{living && count(living.length)}</span>
        </h2>
        {canEnd && living && living.length > 0 && <Act name="End all…" danger show={<EndSessions {...about} />} />}
      </div>
      <Fault error={sessions.error} retry={sessions.reload} />
      {living?.length === 0 && <p class="pale">No session is active.</p>}
      <ul class="sessions">
        {living?.map((session) => (
          <li key={session.id} class="row">
            <SessionText session={session} />
            {canEnd && (
              <Button
                label={`End the session of ${agentName(session.user_agent)}…`}
                onClick={() => dialog.set(<EndSession {...about} session={session} />)}
              >
                End…
              </Button>
            )}
          </li>
        ))}
      </ul>
      {ended.length > 0 && (
        <details>
          <summary>{plural(ended.length, 'ended session')}</summary>
          <ul class="sessions">
            {ended.map((session) => (
              <li key={session.id} class="row">
                <SessionText session={session} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function SessionText({ session: { user_agent, ip, last_used_at, ended_at, end_reason } }: { session: UserSession }) {
  return (
    <div class="what">
      <strong title={user_agent ?? ''}>
        <Text>{agentName(user_agent)}</Text>
      </strong>
      <p class="pale">
        {ip && (
          <>
            <a href={addressOf(['record'], { address: ip })}>{ip}</a>
            {' · '}
          </>
        )}
        {ended_at ? (
          <>
            ended <Time at={ended_at} />
            {end_reason && ` (${end_reason})`}
          </>
        ) : (
          <>
            last used <Time at={last_used_at} />
          </>
        )}
      </p>
    </div>
  )
}
