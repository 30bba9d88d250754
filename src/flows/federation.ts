import { isOperator } from '../admin/roles.ts'
import type { ProviderSettings } from '../config/providers-file.ts'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import { readFactors, usableFactors } from '../factors/state.ts'
import { enqueueMail } from '../mail/mails.ts'
import { addIdentity, deleteIdentity, findIdentityOwner, useIdentity } from '../providers/identities.ts'
import { FederationRefusal, type ProvenIdentity } from '../providers/provider.ts'
import type { Authentication } from '../sessions/assurance.ts'
import { addProofToSession } from '../sessions/authentication.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { findSessionUser, type SessionOfUser } from '../sessions/sessions.ts'
import { type Credentials, lockCredentialsByEmail, lockOwnCredentials } from '../users/credentials.ts'
import { foldName } from '../users/names.ts'
import { addUser, type NewUser } from '../users/users.ts'
import { type Claimed, claimAccount } from './account-claim.ts'
import { isAddressReserved } from './email-change.ts'
import type { FactorChange } from './factor-enrolment.ts'
import { requireCredential } from './last-credential.ts'
import { registerUser } from './registration.ts'

/** What the flows of federation need of the service. */
export interface FederationRules {
  lifetimes: Lifetimes
  /** The key of the limit counters. */
  limitSecret: Buffer
  /** Whether the service sends mail. */
  mail: boolean
}

/** Somebody who signed in at a provider. */
export interface Arrival {
  provider: Pick<ProviderSettings, 'id' | 'label' | 'link' | 'signUp'>
  identity: ProvenIdentity
  /** The language of letters to a new account. */
  locale: string | null
}

/** What an identity is to this service. */
export type Resolution =
  | { outcome: 'known' | 'linked' | 'registered'; account: Credentials }
  | { outcome: 'claimed'; account: Credentials; claimed: Claimed }
  /** The account may link it once its owner has signed in as usual, or has taken the second step. */
  | { outcome: 'ask' | 'second step first'; account: Credentials }
  /** A new account needs a name. */
  | { outcome: 'unnamed' }

/** Another request has changed what was just looked at. */
class Race extends Error {}

/** Another account may have the address back. */
class Reserved extends Error {}

/** How often a resolution is begun: each race is lost to a request that has changed something for good. */
const ATTEMPTS = 3

/**
 * Finds or makes the account of an identity. A trusted address that is verified here leads to the account as its provider
 * is set to (`link`); one that nobody has verified here claims the account: whoever registered it keeps nothing but the
 * username.
 *
 * @throws FederationRefusal 'no account'; 'account of an operator' instead of claiming one
 */
export async function resolveIdentity(
  database: Database,
  rules: FederationRules,
  arrival: Arrival
): Promise<Resolution> {
  for (let attempt = 1; ; attempt += 1) {
    const known = await useIdentity(database, arrival.identity)
    if (known) return { outcome: 'known', account: known }
    try {
      return await database.transact((transaction) => resolveUnknown(transaction, rules, arrival))
    } catch (error) {
      if (error instanceof Reserved) return { outcome: 'unnamed' }
      if (attempt === ATTEMPTS || !isRace(error)) throw error
    }
  }
}

const isRace = (error: unknown) =>
  error instanceof Race || (error instanceof Problem && error.code === 'ACCOUNT_EXISTS')

async function resolveUnknown(
  transaction: Database,
  rules: FederationRules,
  { provider, identity, locale }: Arrival
): Promise<Resolution> {
  const email = identity.emailIsVerified ? identity.email : undefined
  const account = email === undefined ? undefined : await lockCredentialsByEmail(transaction, email)
  if (!account) return register(transaction, { provider, identity, locale }, email)
  // Another request of the same person may have linked it, and held the lock on the account.
  if (await findIdentityOwner(transaction, identity)) throw new Race()
  // The sign-in refuses it. Nothing is linked to it before.
  if (account.disabled) return { outcome: 'known', account }
  if (!account.email_verified) {
    if (await isOperator(transaction, account.id)) throw new FederationRefusal('account of an operator')
    const claimed = await claimAccount(transaction, rules, account, provider.label)
    await add(transaction, account.id, provider.id, identity)
    return { outcome: 'claimed', account: await reread(transaction, account.id), claimed }
  }
  if (provider.link === 'ask') return { outcome: 'ask', account }
  if (account.mfa_required) return { outcome: 'second step first', account }
  await add(transaction, account.id, provider.id, identity)
  await tellLinked(transaction, rules, account, provider.label)
  return { outcome: 'linked', account }
}

async function register(
  transaction: Database,
  { provider, identity, locale }: Arrival,
  email: string | undefined
): Promise<Resolution> {
  if (!provider.signUp) throw new FederationRefusal('no account')
  if (email === undefined) return { outcome: 'unnamed' }
  const user = await addUser(transaction, { email, emailVerified: true, locale, passwordHash: null })
  // Only after the insert, which waits for a concurrent transaction that gives up the address.
  if (await isAddressReserved(transaction, email)) throw new Reserved()
  await add(transaction, user.id, provider.id, identity)
  return { outcome: 'registered', account: await reread(transaction, user.id) }
}

async function add(transaction: Database, user: string, provider: string, identity: ProvenIdentity): Promise<void> {
  if (!(await addIdentity(transaction, user, provider, identity))) throw new Race()
}

const reread = async (transaction: Database, user: string) =>
  (await lockOwnCredentials(transaction, user)) as Credentials

async function tellLinked(
  transaction: Database,
  { mail }: Pick<FederationRules, 'mail'>,
  { id, email, email_verified }: Credentials,
  provider: string
): Promise<void> {
  if (!mail || email === null || !email_verified) return
  await enqueueMail(transaction, { kind: 'identity linked', recipient: email, userId: id, data: { provider } })
}

/**
 * Makes an account with a name that its owner has chosen, for an identity without a trusted address. An address is
 * verified by mail, as at a registration.
 *
 * @param count counts the mail in the same transaction; undefined if the service sends none
 * @returns the account; that of another request if it was faster
 * @throws Problem ACCOUNT_EXISTS with each name that is taken
 */
export async function registerIdentity(
  database: Database,
  { provider, identity }: { provider: string; identity: ProvenIdentity },
  account: Omit<NewUser, 'passwordHash' | 'emailVerified'>,
  count: Parameters<typeof registerUser>[2]
): Promise<{ account: Credentials; isNew: boolean }> {
  try {
    return await database.transact(async (transaction) => {
      const user = await registerUser(transaction, { ...account, passwordHash: null }, count)
      await add(transaction, user.id, provider, identity)
      return { account: await reread(transaction, user.id), isNew: true }
    })
  } catch (error) {
    const known = isRace(error) ? await useIdentity(database, identity) : undefined
    if (known) return { account: known, isNew: false }
    throw error
  }
}

/** An identity that is to be linked. */
export interface NewLink {
  provider: Pick<ProviderSettings, 'id' | 'label'>
  identity: ProvenIdentity
}

/**
 * Links an identity to the account of an active session.
 *
 * @returns false if the account has it already
 * @throws FederationRefusal 'session ended'; Problem IDENTITY_TAKEN if another account has it
 */
export async function linkIdentity(
  database: Database,
  rules: Pick<FederationRules, 'lifetimes' | 'mail'>,
  session: SessionOfUser,
  { provider, identity }: NewLink
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const account = await lockSessionOwner(transaction, rules, session)
    if (await addIdentity(transaction, account.id, provider.id, identity)) {
      await tellLinked(transaction, rules, account, provider.label)
      return true
    }
    if ((await findIdentityOwner(transaction, identity)) !== account.id) throw new Problem('IDENTITY_TAKEN')
    return false
  })
}

/** @throws FederationRefusal 'session ended' */
async function lockSessionOwner(
  transaction: Database,
  { lifetimes }: Pick<FederationRules, 'lifetimes'>,
  session: SessionOfUser
): Promise<Credentials> {
  const account = await lockOwnCredentials(transaction, session.sub)
  const isAlive = account && (await findSessionUser(transaction, lifetimes, session))
  if (!isAlive) throw new FederationRefusal('session ended')
  return account
}

/**
 * Authenticates the user of a session again, by an identity of the same account. Only where the account has no other way
 * to prove it: a provider in the same browser often asks nothing.
 *
 * @param rpId the RP ID of the service; undefined if it has no passkeys
 * @returns the new authentication of the session
 * @throws FederationRefusal 'session ended', 'another account', 'another factor'
 */
export async function stepUpWithIdentity(
  database: Database,
  rules: Pick<FederationRules, 'lifetimes'>,
  session: SessionOfUser,
  { identity, rpId }: { identity: ProvenIdentity; rpId: string | undefined }
): Promise<Authentication> {
  return database.transact(async (transaction) => {
    const { id, mfa_required: isSecondStepRequired } = await lockSessionOwner(transaction, rules, session)
    const owner = await useIdentity(transaction, identity)
    if (owner?.id !== id) throw new FederationRefusal('another account')
    const factors = await readFactors(transaction, id, rpId)
    // A second step that cannot be taken now, such as a blocked app, is required all the same.
    if (isSecondStepRequired || (factors && usableFactors(factors, { password: true }).length > 0)) {
      throw new FederationRefusal('another factor')
    }
    const authentication = await addProofToSession(transaction, rules.lifetimes, session, 'provider', identity.authTime)
    return authentication as Authentication
  })
}

/**
 * Links an identity whose trusted address led to an account, once the owner of the account has signed in.
 *
 * @returns false if an account has the identity by now, or the account no longer has the verified address
 */
export async function linkPending(
  database: Database,
  rules: Pick<FederationRules, 'mail'>,
  user: string,
  { provider, identity }: NewLink
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const account = await lockOwnCredentials(transaction, user)
    const isSame =
      account?.email_verified === true && foldName(String(account.email)) === foldName(String(identity.email))
    if (!isSame || account.disabled) return false
    if (!(await addIdentity(transaction, user, provider.id, identity))) return false
    await tellLinked(transaction, rules, account, provider.label)
    return true
  })
}

/**
 * Removes an identity from an account, and voids sign-ins that wait for a second step. It ends no session, and does not
 * touch the address of the account.
 *
 * @param rpId the RP ID of the service; undefined if it has no passkeys
 * @returns the id of its provider
 * @throws Problem NOT_FOUND; LAST_CREDENTIAL if no way to sign in would be left
 */
export async function unlinkIdentity(
  { transaction, session }: FactorChange,
  id: string,
  rpId: string | undefined
): Promise<string> {
  const provider = await deleteIdentity(transaction, session.sub, id)
  if (provider === undefined) throw new Problem('NOT_FOUND')
  await voidLoginSteps(transaction, session.sub)
  await requireCredential(transaction, session.sub, rpId)
  return provider
}
