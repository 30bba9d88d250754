import { randomUUID } from 'node:crypto'
import { ask, PASSWORD } from '@latchkey/compare/measure/client'
import { note, title } from '../shared/report.ts'
import { type CreateDatabase, createAccount, type Hiding, startHiding } from './accounts.ts'
import { inTurn, isApart, type Kind, report, type Samples } from './comparing.ts'

/** The number of services, which are measured concurrently and independently. */
const SERVICES = 4

/** The number of requests of each kind to each service. */
const PAIRS = 25

/**
 * The time that the mail server takes for each message, in milliseconds: long enough to show which mails wait for
 * others.
 */
const DIALOGUE = 400

const KNOWN = 'known@example.com'

/**
 * The observer's addresses: for four mails before the probe, for one after it, and of an account whose password is
 * changed.
 */
const BEFORE = ['one@example.com', 'two@example.com', 'three@example.com', 'four@example.com']
const AFTER = 'five@example.com'
const OWN = 'observer@example.com'

/** When the observer's mails arrive after the probe, in milliseconds. */
type Seen = Record<'asked' | 'notice', number>

/**
 * An observer requests four mails to themselves, then one to a name (the probe), then one more to themselves.
 * Measures whether the arrival of the last, or of the undelayed notice of a change of their own password, reveals
 * that the name has an account.
 */
export async function arrivals(createDatabase: CreateDatabase): Promise<void> {
  title('When mails to oneself arrive')
  const services: Awaited<ReturnType<typeof createObserver>>[] = []
  for (let number = 0; number < SERVICES; number += 1) {
    const hiding = await startHiding(createDatabase, {}, DIALOGUE)
    await Promise.all([KNOWN, ...BEFORE, AFTER, OWN].map((email) => createAccount(hiding, email)))
    services.push(await createObserver(hiding))
  }
  let seen = await observe(services, PAIRS)
  if (Object.values(seen).some(isApart)) seen = await observe(services, 2 * PAIRS)
  report('/password/forgot, then a mail that oneself has asked for', seen.asked)
  report('/password/forgot, then a notice of a changed password', seen.notice)
  note(`the mail server took ${DIALOGUE} ms for each message`)
  await Promise.all(services.map(({ stop }) => stop()))
}

async function observe(services: Awaited<ReturnType<typeof createObserver>>[], pairs: number) {
  const seen: Record<keyof Seen, Samples> = { asked: { known: [], unknown: [] }, notice: { known: [], unknown: [] } }
  await Promise.all(
    services.map(async ({ observeOnce }) => {
      for (let pair = 0; pair < pairs; pair += 1) {
        for (const kind of inTurn()) {
          const { asked, notice } = await observeOnce(kind)
          seen.asked[kind].push(asked)
          seen.notice[kind].push(notice)
        }
      }
    })
  )
  return seen
}

async function createObserver({ service, mailboxes, stop }: Hiding) {
  const post = (path: string, payload: object, token?: string) => ask(service.base, 'POST', path, { payload, token })
  const login = await post('/login', { email: OWN, password: PASSWORD })
  const token = String(login.body.access_token)
  const forgot = (email: string) => post('/password/forgot', { email })
  let password = PASSWORD
  // Each has already received the mail of its registration.
  let round = 1
  let asked = 1

  async function observeOnce(kind: Kind): Promise<Seen> {
    for (const email of BEFORE) await forgot(email)
    await forgot(kind === 'known' ? KNOWN : `${randomUUID()}@example.com`)
    const start = { asked: performance.now(), notice: 0 }
    await forgot(AFTER)
    const next = randomUUID()
    start.notice = performance.now()
    await post('/password/change', { current_password: password, new_password: next }, token)
    password = next

    round += 1
    if (kind === 'known') asked += 1
    const arrived = async (email: string, count = round) => {
      const message = (await mailboxes.waitFor(email, count))[count - 1]
      return Number(message?.at)
    }
    const seen = {
      asked: (await arrived(AFTER)) - start.asked,
      notice: (await arrived(OWN)) - start.notice
    }
    // Mails of this round must not delay the next.
    for (const email of BEFORE) await arrived(email)
    await arrived(KNOWN, asked)
    return seen
  }

  return { observeOnce, stop }
}
