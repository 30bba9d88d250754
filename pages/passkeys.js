// Passkeys on the pages. A form with `data-passkey` is hidden until this module shows it; it takes the options from the
// form and sends the answer with it. `toJSON()` of the answer is never called: password managers break it.

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

async function run(form, mediation) {
  waiting.abort()
  waiting = new AbortController()
  const { passkey, options } = form.dataset
  const publicKey = read(JSON.parse(options))
  const { signal } = waiting
  const answer = await (passkey === 'create'
    ? navigator.credentials.create({ publicKey, signal })
    : navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) }))
  form.elements.credential.value = write(answer)
  form.submit()
}

for (const form of window.PublicKeyCredential ? document.querySelectorAll('form[data-passkey]') : []) {
  const stopped = form.querySelector('[role=alert]')
  const loadedAt = Date.now()
  /** The challenge of an old page is not accepted any more: a new page has another one. */
  const isOld = () => Date.now() - loadedAt > Number(form.dataset.seconds) * 1000 - 20_000
  form.hidden = false
  for (const other of document.querySelectorAll('[data-with-passkey]')) other.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (isOld() && form.dataset.renew !== undefined) return location.reload()
    stopped.hidden = true
    try {
      await run(form)
    } catch {
      stopped.hidden = false
    }
  })
  if (form.dataset.autofill !== undefined) {
    const offer = async () => {
      // Whoever offers no autofill, or stops it, has the button.
      if (await PublicKeyCredential.isConditionalMediationAvailable?.()) await run(form, 'conditional').catch(() => {})
    }
    offer()
    document.addEventListener('visibilitychange', () => {
      const isEmpty = ![...document.querySelectorAll('input:not([type=hidden])')].some(({ value }) => value)
      if (!document.hidden && isOld() && isEmpty) location.reload()
    })
  }
}

// What the service tells the browser about its passkeys.
const { signal, signalWith } = document.querySelector('[data-signal]')?.dataset ?? {}
if (signal) window.PublicKeyCredential?.[signal]?.(JSON.parse(signalWith)).catch(() => {})
