/**
 * Lets virtual authenticators be added to a page (WebAuthn of the Chrome DevTools Protocol).
 *
 * @param {import('playwright-core').Page} page
 * @returns a function that adds one with a transport, such as `internal` or `usb`
 */
export async function withAuthenticators(page) {
  const client = await page.context().newCDPSession(page)
  await client.send('WebAuthn.enable', { enableUI: false })

  return async function add(transport) {
    const options = {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true
    }
    const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', { options })
    const forget = () => client.send('WebAuthn.clearCredentials', { authenticatorId })
    return {
      forget,
      present: (enabled) => client.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
      credentials: async () => (await client.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
      async replace(credential) {
        await forget()
        await client.send('WebAuthn.addCredential', { authenticatorId, credential })
      }
    }
  }
}
