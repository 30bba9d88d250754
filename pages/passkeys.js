// Passkeys on the pages: a form with `data-passkey` is hidden until this module shows it; it takes the options from the
// form and sends the answer with it. `toJSON()` of the answer is never called: password managers break it. The module
// also keeps forms with a password out of the history.

/** @param {string} text base64url */
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))

/** @param {ArrayBuffer | null} buffer */
const encode = (buffer) =>
  buffer &&
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const withBytes = (list = []) => list.map((each) => ({ ...each, id: decode(each.id) }))

/** The options for the browser, from those of WebAuthn's JSON. */
function read({ challenge, user, allowCredentials, excludeCredentials, ...others }) {
  return {
    ...others,
    challenge: decode(challenge),
    ...(user && { user: { ...user, id: decode(user.id) } }),
    allowCredentials: withBytes(allowCredentials),
    excludeCredentials: withBytes(excludeCredentials)
  }
}

/** The answer of the browser as WebAuthn's JSON. */
function write({ id, rawId, type, response: answer }) {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = answer
  const response = attestationObject
    ? { attestationObject: encode(attestationObject), transports: answer.getTransports?.() ?? [] }
    : { authenticatorData: encode(authenticatorData), signature: encode(signature), userHandle: encode(userHandle) }
  return JSON.stringify({
    id,
    rawId: encode(rawId),
    type,
    response: { clientDataJSON: encode(clientDataJSON), ...response }
  })
}

/** The ceremony that waits for the user. Another one has to end it first. */
let waiting = new AbortController()

/** Shows a form, and runs its ceremony when it is sent. */
function enable(form) {
  const { passkey, options, seconds, renew, autofill } = form.dataset
  const faults = form.querySelectorAll('[role=alert]')
  const loadedAt = Date.now()
  /** For how many milliseconds the challenge can still be answered. A page that is loaded again has another one. */
  const left = () => loadedAt + Number(seconds) * 1000 - 20_000 - Date.now()

  async function run(mediation) {
    waiting.abort()
    waiting = new AbortController()
    const { signal } = waiting
    const publicKey = { ...read(JSON.parse(options)), timeout: Math.max(left(), 0) }
    const answer = await (passkey === 'create'
      ? navigator.credentials.create({ publicKey, signal })
      : navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) }))
    // The autofill waits for as long as the page is open.
    if (mediation && left() < 0) return location.reload()
    form.elements.credential.value = write(answer)
    form.submit()
  }

  async function offer() {
    // Without autofill, or once it was stopped, there is the button.
    if (await PublicKeyCredential.isConditionalMediationAvailable?.()) await run('conditional').catch(() => {})
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (left() < 0 && renew !== undefined) return location.reload()
    for (const fault of faults) fault.hidden = true
    try {
      await run()
    } catch ({ name }) {
      // Another ceremony has taken its place.
      if (name === 'AbortError') return
      const [stopped, known] = faults
      const fault = name === 'InvalidStateError' && known ? known : stopped
      fault.hidden = false
      if (autofill !== undefined) offer()
    }
  })
  form.hidden = false
  if (autofill === undefined) return
  offer()
  document.addEventListener('visibilitychange', () => {
    const isEmpty = ![...document.querySelectorAll('input:not([type=hidden])')].some(({ value }) => value)
    if (!document.hidden && left() < 0 && isEmpty) location.reload()
  })
}

if (window.PublicKeyCredential) {
  const forms = document.querySelectorAll('form[data-passkey]')
  forms.forEach(enable)
  for (const other of forms.length > 0 ? document.querySelectorAll('[data-with-passkey]') : []) other.hidden = false
}

// The history would send a form again, with its password, for whoever has the browser after a sign-out. It gets the address
// of the page in place of the form.
const place = new URL(location.href)
const { value: returnTo } = document.querySelector('[name=return_to]') ?? {}
if (returnTo) place.searchParams.set('return_to', returnTo)
history.replaceState(null, '', place)

// What the service tells the browser about its passkeys.
const { signal, signalWith } = document.querySelector('[data-signal]')?.dataset ?? {}
if (signal) window.PublicKeyCredential?.[signal]?.(JSON.parse(signalWith)).catch(() => {})
