import { ACCOUNT_ARGUMENT, type Account, findAccount, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { align, table } from '../../src/cli/table.ts'
import { type Factors, readFactors } from '../../src/factors/state.ts'
import { type Failures, type Guesses, readCodeGuesses, readGuesses } from '../../src/limits/guesses.ts'
import { countOf } from '../../src/plural.ts'
import { listIdentities } from '../../src/providers/identities.ts'
import { type Identity, toIdentity } from '../../src/schemas/identities.ts'
import type { Session } from '../../src/schemas/sessions.ts'
import { countSessions, listSessions } from '../../src/sessions/sessions.ts'

/** The maximum number of sessions that are shown: those used last. */
const SHOWN = 10

const show: DefineCommand = (command, { open, answer }) => {
  command
    .description('show an account, its factors, providers and sessions, and the counters of its names')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .action(async (user: string) => {
      const fastify = await open()
      const { deriveKey } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const account = await findAccount(database, user)
      const factors = (await readFactors(database, account.id)) as Factors
      const { usable_passkeys: _, password, ...mfa } = factors
      const guesses = await readGuesses(database, deriveKey('limits'), account)
      const codes = await readCodeGuesses(database, deriveKey('limits'), account.id)
      const identities = (await listIdentities(database, account.id)).map(toIdentity)
      const active = await countSessions(database, fastify.sessions.rules, account.id)
      const sessions = (await listSessions(database, fastify.sessions.rules, { sid: null, sub: account.id })).slice(
        0,
        SHOWN
      )
      answer(
        {
          ...account,
          has_password: password,
          mfa: { ...mfa, wrong_codes: codes.wrong, blocked_for: codes.blockedFor },
          limits: guesses.map(({ name, wrong, blockedFor }) => ({
            name,
            wrong_passwords: wrong,
            blocked_for: blockedFor
          })),
          identities,
          active_sessions: active,
          sessions: sessions.map(({ current: _, ...session }) => session)
        },
        [
          describe(account, factors, { guesses, codes, identities }, active),
          ...(active > 0 ? [describeSessions(sessions)] : [])
        ].join('\n\n')
      )
    })
}

function describe(
  { id, username, email, email_verified, created_at, disabled_at, last_login_at, roles }: Account,
  factors: Factors,
  { guesses, codes, identities }: { guesses: Guesses[]; codes: Failures; identities: Identity[] },
  active: number
) {
  return align([
    ['id', id],
    ['username', username ?? 'none'],
    ['email', email === null ? 'none' : `${email}, ${email_verified ? 'verified' : 'not verified'}`],
    ['created', created_at],
    ['disabled', disabled_at ?? 'no'],
    ['last login', last_login_at ?? 'never'],
    ['roles', roles.join(', ') || 'none'],
    ...(factors.password ? [] : [['password', 'none']]),
    ['factors', describeFactors(factors)],
    ...identities.map(({ provider, email }) => ['provider', email === null ? provider : `${provider}, as ${email}`]),
    ...guesses
      .filter(({ wrong }) => wrong > 0)
      .map((each) => describeFailures('wrong password', each, ` for the ${each.name}`)),
    ...(codes.wrong > 0 ? [describeFailures('wrong code', codes)] : []),
    ['sessions', active > SHOWN ? `${active}, of which the ${SHOWN} used last` : String(active)]
  ])
}

function describeFactors({ required, totp, passkeys, recovery_codes }: Factors): string {
  if (!totp && passkeys === 0 && !required) return 'none'
  const app = totp && `an authenticator app${totp.blocked ? ', blocked after too many wrong codes' : ''}`
  const all = [app, countOf(passkeys, 'passkey'), `${countOf(recovery_codes, 'recovery code')} left`]
  return `${all.filter(Boolean).join(', ')}; second step ${required ? 'required' : 'not required'}`
}

function describeFailures(what: string, { wrong, blockedFor }: Failures, where = ''): string[] {
  const blocked = blockedFor > 0 ? `, blocked for ${countOf(blockedFor, 'second')}` : ''
  return ['limits', `${countOf(wrong, what)}${where}${blocked}`]
}

function describeSessions(sessions: Session[]): string {
  return table(
    ['LAST USED', 'OPENED', 'FROM', 'WITH'],
    sessions.map((each) => [each.last_used_at, each.created_at, each.ip ?? '', each.user_agent ?? ''])
  )
}

export default show
