import { type Detail, shownAction, shownDetail } from '../audit/actions.ts'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { listLoginSteps } from '../factors/login-steps.ts'
import { listPasskeys } from '../factors/passkeys.ts'
import { listRecoveryCodes } from '../factors/recovery-codes.ts'
import { readFactors } from '../factors/state.ts'
import { readGuesses } from '../limits/guesses.ts'
import { listEmailTokens } from '../mail/email-tokens.ts'
import { listIdentities } from '../providers/identities.ts'
import { listRestingUsernames } from '../users/resting-usernames.ts'
import { USER, type UserRow } from '../users/users.ts'

/** Rows per query. */
const BATCH = 500

interface ExportOptions {
  /** Called for each query, so that each has its own deadline. */
  openDatabase: () => Database
  /** Key of the limit counters. */
  limitSecret: Buffer
  /** Id of the user. */
  user: string
}

/**
 * Exports all stored data of a person as JSON text (GDPR Art. 15), in chunks, so that memory does not grow with it. It
 * contains no secrets: no hash of a password or token.
 *
 * @returns undefined if the user no longer exists
 */
export async function exportAccount(options: ExportOptions): Promise<AsyncGenerator<string> | undefined> {
  const { openDatabase, user } = options
  const [row] = await openDatabase().query<ExportedUser>(
    sql`SELECT ${USER}, locale, roles, metadata, last_login_at, ${NOW} AS moment FROM users WHERE id = ${user}`
  )
  return row && write(row, options)
}

async function* write(
  { moment, locale, roles, metadata, last_login_at, ...account }: ExportedUser,
  { openDatabase, limitSecret }: ExportOptions
): AsyncGenerator<string> {
  yield `{"exported_at":${JSON.stringify(moment)},"user":${JSON.stringify(account)}`
  for (const [name, value] of Object.entries({ locale, roles, metadata, last_login_at })) {
    yield `,${JSON.stringify(name)}:${JSON.stringify(value)}`
  }
  const guesses = await readGuesses(openDatabase(), limitSecret, account)
  const limits = guesses.map(({ name, wrong, blockedFor }) => ({
    name,
    wrong_passwords: wrong,
    blocked_for: blockedFor
  }))
  yield `,"limits":${JSON.stringify(limits)}`
  const resting = await listRestingUsernames(openDatabase(), account.id)
  yield `,"resting_usernames":${JSON.stringify(resting)}`
  yield `,"email_changes":${JSON.stringify(await openDatabase().query(emailChanges(account.id)))}`
  yield `,"email_tokens":${JSON.stringify(await listEmailTokens(openDatabase(), account.id))}`
  const factors = await readFactors(openDatabase(), account.id)
  const totp = factors?.totp ? { created_at: factors.totp.created_at } : null
  yield `,"mfa":${JSON.stringify({ required: factors?.required ?? false, totp })}`
  yield `,"recovery_codes":${JSON.stringify(await listRecoveryCodes(openDatabase(), account.id))}`
  yield `,"passkeys":${JSON.stringify(await listPasskeys(openDatabase(), account.id))}`
  yield `,"identities":${JSON.stringify(await listIdentities(openDatabase(), account.id))}`
  yield `,"login_steps":${JSON.stringify(await listLoginSteps(openDatabase(), account.id))}`
  yield `,"service_keys":${JSON.stringify(await openDatabase().query(serviceKeys(account.id)))}`
  for (const [name, select] of Object.entries(LISTS)) {
    yield `,${JSON.stringify(name)}:[`
    let separator = ''
    for await (const { place: _, ...each } of rowsOf(openDatabase, select, account.id)) {
      yield `${separator}${JSON.stringify(name === 'records' ? shownRecord(each) : each)}`
      separator = ','
    }
    yield ']'
  }
  yield '}\n'
}

/** A record as its user sees it: of what operators did, without their ids, addresses and requests. */
function shownRecord({ at, actor, action, session, address, request_id, detail }: Record<string, unknown>) {
  const shown = { at, actor, action: shownAction(String(action)), session }
  const particulars = shownDetail(detail as Detail | null)
  if (actor === 'client') return { ...shown, address, request_id, detail: particulars }
  const { by: _, ...rest } = particulars ?? {}
  return { ...shown, address: null, request_id: null, detail: particulars && rest }
}

interface ExportedUser extends UserRow {
  locale: string | null
  roles: string[]
  metadata: object
  last_login_at: Date | null
  moment: Date
}

const emailChanges = (user: string) =>
  sql`SELECT previous_email, asked_at, changed_at, undone_at FROM email_changes WHERE user_id = ${user} ORDER BY id`

const serviceKeys = (user: string) =>
  sql`SELECT id, name, created_at FROM service_keys WHERE created_by = ${user} ORDER BY created_at, id`

/** Lists of any length, paged by the column `place`: the rows after one. */
const LISTS = {
  sessions: (user: string, after: string | null) =>
    sql`SELECT id::text AS place, id, created_at, last_used_at, ended_at, end_reason, user_agent, host(ip) AS ip,
        coalesce(authenticated_at, created_at) AS authenticated_at, amr
      FROM sessions WHERE user_id = ${user} AND (${after}::text IS NULL OR id > ${after}::uuid)
      ORDER BY id LIMIT ${BATCH}`,
  mails: (user: string, after: string | null) =>
    sql`SELECT id::text AS place, kind, recipient, created_at, attempts
      FROM mails WHERE user_id = ${user} AND (${after}::text IS NULL OR id > ${after}::uuid)
      ORDER BY id LIMIT ${BATCH}`,
  records: (user: string, after: string | null) =>
    sql`SELECT audit.seq::text AS place, audit.at, actor, action, session, address, request_id, detail
      FROM audit WHERE account = ${user} AND (${after}::text IS NULL OR audit.seq > ${after}::bigint)
      ORDER BY audit.seq LIMIT ${BATCH}`
}

type List = (typeof LISTS)[keyof typeof LISTS]

interface Placed {
  [column: string]: unknown
  place: string
}

async function* rowsOf(openDatabase: () => Database, select: List, user: string): AsyncGenerator<Placed> {
  let after: string | null = null
  for (;;) {
    const rows: Placed[] = await openDatabase().query<Placed>(select(user, after))
    yield* rows
    if (rows.length < BATCH) return
    after = (rows.at(-1) as Placed).place
  }
}
