import { call } from '../api.ts'
import { useLoaded } from '../loading.ts'
import { Button, Choice, Dialog, dialog, Fault, Heading, Tag, tell } from '../parts.tsx'
import { Time } from '../text.tsx'
import type { SigningKey } from '../types.ts'

/** The keys that sign access tokens. */
export function KeysScreen() {
  const { value, error, reload } = useLoaded<{ keys: SigningKey[] }>('admin/keys')
  return (
    <>
      <Heading
        title="Keys"
        actions={
          <Button kind="main" onClick={() => dialog.set(<Rotate done={reload} />)}>
            Rotate…
          </Button>
        }
      />
      <p class="pale">These keys sign access tokens. Other services find the public ones at /.well-known/jwks.json.</p>
      <Fault error={error} retry={reload} />
      <ul class="things">
        {value?.keys.map((key) => (
          <li key={key.kid} class="card row">
            <div class="what">
              <code>{key.kid}</code> <Tag {...(key.state === 'signing' && { kind: 'good' as const })}>{key.state}</Tag>
              <p class="pale">
                signs from <Time at={key.signs_from} />
                {key.verifies_until && (
                  <>
                    , verifies until <Time at={key.verifies_until} />
                  </>
                )}
              </p>
            </div>
            {!['revoked', 'expired'].includes(key.state) && (
              <Button
                kind="danger"
                label={`Revoke the key ${key.kid}…`}
                onClick={() => dialog.set(<Revoke signingKey={key} done={reload} />)}
              >
                Revoke…
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function Rotate({ done }: { done(): void }) {
  async function rotate(fields: FormData): Promise<void> {
    await call('POST', 'admin/keys', { body: fields.has('now') ? { now: true } : {} })
    tell('A new key was made.')
    done()
  }
  return (
    <Dialog title="Rotate the keys" action="Rotate" onDo={rotate}>
      <p>A new key is published now and signs later, when other services have read it. Nobody is signed out.</p>
      <Choice
        name="now"
        label="Sign with it at once: services that have not read it refuse its tokens for up to 5 minutes"
      />
    </Dialog>
  )
}

function Revoke({ signingKey: { kid, state }, done }: { signingKey: SigningKey; done(): void }) {
  async function revoke(): Promise<void> {
    await call('DELETE', `admin/keys/${encodeURIComponent(kid)}`)
    tell('The key was revoked.')
    done()
  }
  return (
    <Dialog title="Revoke the key?" action="Revoke" danger onDo={revoke}>
      <p>
        All access tokens that <code>{kid}</code> has signed become invalid: here at once, at other services within 5
        minutes. Clients get new ones with their refresh token; nobody has to sign in again.
        {state === 'signing' && ' It signs now: another key takes over.'}
      </p>
      <p>This cannot be undone. Do it if the private key may be known to others.</p>
    </Dialog>
  )
}
