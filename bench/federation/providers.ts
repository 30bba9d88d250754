import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from '@latchkey/compare/measure/at-exit'
import type { Test } from 'tap'
import { createIssuer } from '../../test/helpers/issuer.ts'

/** An OpenID provider on loopback, and the settings of a service that uses it: trusted as `test`, and `untrusted`. */
export async function startIssuer() {
  const teardown = (end: () => unknown) => atExit(() => void end())
  const issuer = await createIssuer({ teardown } as unknown as Test)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-providers-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  const PROVIDERS = join(folder, 'providers.json')
  const providers = [issuer.entry({ trust_email: true }), issuer.entry({ id: 'untrusted' })]
  writeFileSync(PROVIDERS, JSON.stringify({ providers }))
  return { issuer, environment: { PROVIDERS } }
}
