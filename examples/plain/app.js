import { createSession, LatchkeyError } from '@latchkey/client'
import { hasPasskeys, signInWithPasskey } from '@latchkey/client/passkeys'

const find = (selector) => document.querySelector(selector)

const session = createSession({ service: find('meta[name=service]').content })

let account
/** What the service asks for when a password is not enough. */
let challenge
let message = ''

function show() {
  const claims = session.claims()
  // Undefined as long as it is not known whether somebody is signed in.
  find('#sign-in').hidden = claims !== null || challenge !== undefined
  find('#second-step').hidden = claims !== null || challenge === undefined
  find('#account').hidden = !claims
  find('pre').textContent = claims && account ? JSON.stringify(account, null, 2) : ''
  find('[role=status]').textContent = message || (claims ? `Hello ${claims.preferred_username ?? claims.sub}` : '')
}

async function act(work) {
  message = ''
  try {
    await work()
  } catch (error) {
    const isRefusal = error instanceof LatchkeyError
    if (isRefusal && error.code !== 'MFA_CODE_INVALID') challenge = error.challenge
    message = isRefusal ? error.message : 'That did not work. Please try again.'
  }
  show()
}

function onSubmit(selector, work) {
  find(selector).onsubmit = (event) => {
    event.preventDefault()
    const form = new FormData(event.target)
    act(() => work(form))
    event.target.reset()
  }
}

onSubmit('#sign-in', (form) => session.signIn({ username: form.get('username') }, form.get('password')))
onSubmit('#second-step', (form) => session.secondStep(challenge, { totp: form.get('totp').replaceAll(' ', '') }))
find('#passkey').hidden = !hasPasskeys()
find('#passkey').onclick = () => act(() => signInWithPasskey(session))
find('#sign-out').onclick = () => act(() => session.signOut())

// Told of what happens in other tabs, too.
session.on((event) =>
  act(async () => {
    challenge = undefined
    if (event === 'signed_in') account = await session.request('GET', '/me')
  })
)

// Finds out whether somebody is signed in.
act(() => session.accessToken())
