import { countOf } from '../plural.ts'
import { makeSecrets } from './attempt.ts'
import type { Client, OpenId } from './openid-client.ts'
import { type Check, FederationRefusal } from './provider.ts'

/** Checks that the issuer announces itself, and keys that verify its tokens. */
export function checksOfMetadata(openId: () => Promise<OpenId>, client: () => Promise<Client>): Check[] {
  return [
    { about: 'metadata', run: async () => `metadata of ${(await client()).metadata.issuer}` },
    {
      about: 'keys',
      async run() {
        const library = await openId()
        return countOf(await library.countKeys((await client()).metadata), 'key')
      }
    }
  ]
}

/**
 * Checks that the provider knows this service: redeems a code that was never issued. Most providers authenticate the client
 * before they look at the code; of the others, this says only that they answer.
 */
export function checkOfClient(
  openId: () => Promise<OpenId>,
  client: () => Promise<Client>,
  { redirectUri, isOpenId }: { redirectUri: string; isOpenId: boolean }
): Check {
  return {
    about: 'client',
    async run() {
      const [library, us, secrets] = [await openId(), await client(), makeSecrets()]
      const answer = new URL(redirectUri)
      answer.search = String(new URLSearchParams({ code: 'check', state: secrets.state, iss: us.metadata.issuer }))
      const outcome = await library.redeem(us, answer, secrets, isOpenId).catch((error: FederationRefusal) => error)
      if (outcome instanceof FederationRefusal && outcome.reason === 'code refused') return 'client not refused'
      throw outcome instanceof Error ? outcome : new FederationRefusal('invalid answer')
    }
  }
}
