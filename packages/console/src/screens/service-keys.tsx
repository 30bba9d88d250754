import { useRef, useState } from 'preact/hooks'
import { call } from '../api.ts'
import { useLoaded } from '../loading.ts'
import { Button, Choice, Dialog, dialog, Fault, Field, Heading, Select, Tag, tell, thenOpen } from '../parts.tsx'
import { addressOf } from '../router.ts'
import { Text, Time } from '../text.tsx'
import type { ServiceKey } from '../types.ts'
import { SCOPES } from '../vocabulary.ts'

const DAY = 86_400

/** The keys of machines. */
export function ServiceKeysScreen() {
  const { value, error, reload } = useLoaded<{ service_keys: ServiceKey[] }>('admin/service-keys')
  const show = (title: string) => (key: string) => {
    reload()
    thenOpen(<Shown title={title} text={key} />)
  }
  const make = () => dialog.set(<Make done={show('The new service key')} />)
  return (
    <>
      <Heading
        title="Service keys"
        actions={
          <Button kind="main" onClick={make}>
            New key…
          </Button>
        }
      />
      <p class="pale">Machines call the admin API with these: Authorization: Bearer lk_…</p>
      <Fault error={error} retry={reload} />
      {value?.service_keys.length === 0 && <p class="empty">There is no service key.</p>}
      <ul class="things">
        {value?.service_keys.map((key) => (
          <Row key={key.id} serviceKey={key} reload={reload} show={show('The new secret')} />
        ))}
      </ul>
    </>
  )
}

interface RowProps {
  serviceKey: ServiceKey
  reload(): void
  show(key: string): void
}

function Row({ serviceKey: key, reload, show }: RowProps) {
  const isExpired = key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()
  const isLiving = !key.revoked_at && !isExpired
  return (
    <li class="card row">
      <div class="what">
        <strong>
          <Text>{key.name}</Text>
        </strong>{' '}
        {key.revoked_at ? (
          <Tag kind="bad">revoked</Tag>
        ) : isExpired ? (
          <Tag kind="bad">expired</Tag>
        ) : (
          <Tag kind="good">active</Tag>
        )}
        <p>
          {key.scopes.map((scope) => (
            <>
              <Tag key={scope}>{scope}</Tag>{' '}
            </>
          ))}
        </p>
        <p class="pale">
          <a href={addressOf(['record'], { by: key.id })}>what it did</a>
          {' · made '}
          <Time at={key.created_at} />
          {key.last_used_at ? (
            <>
              {' · last used '}
              <Time at={key.last_used_at} />
              {key.last_used_from && ` from ${key.last_used_from}`}
            </>
          ) : (
            ' · never used'
          )}
          {key.expires_at && (
            <>
              {' · expires '}
              <Time at={key.expires_at} />
            </>
          )}
          {key.revoked_at && (
            <>
              {' · revoked '}
              <Time at={key.revoked_at} />
            </>
          )}
        </p>
      </div>
      {isLiving && (
        <div class="actions">
          <Button
            label={`New secret for ${key.name}…`}
            onClick={() => dialog.set(<Renew serviceKey={key} done={show} />)}
          >
            New secret…
          </Button>
          <Button
            kind="danger"
            label={`Revoke ${key.name}…`}
            onClick={() => dialog.set(<Revoke serviceKey={key} done={reload} />)}
          >
            Revoke…
          </Button>
        </div>
      )}
    </li>
  )
}

function Make({ done }: { done(key: string): void }) {
  async function make(fields: FormData): Promise<void> {
    const days = Number(fields.get('days'))
    const { key } = await call<{ key: string }>('POST', 'admin/service-keys', {
      body: {
        name: fields.get('name'),
        scopes: fields.getAll('scopes'),
        ...(days > 0 && { expires_in: days * DAY })
      }
    })
    done(key)
  }
  return (
    <Dialog title="New service key" action="Make the key" onDo={make}>
      <Field label="Name" name="name" required maxLength={64} hint="The machine or job that uses it." />
      <fieldset>
        <legend>What it may do</legend>
        {SCOPES.map(([scope, meaning]) => (
          <Choice
            key={scope}
            name="scopes"
            value={scope}
            label={
              <>
                <code>{scope}</code> <span class="pale">{meaning}</span>
              </>
            }
          />
        ))}
      </fieldset>
      <Select
        label="Expires"
        name="days"
        value="365"
        options={[
          ['30', 'in 30 days'],
          ['90', 'in 90 days'],
          ['365', 'in a year'],
          ['0', 'never']
        ]}
      />
    </Dialog>
  )
}

function Renew({ serviceKey: { id, name }, done }: { serviceKey: ServiceKey; done(key: string): void }) {
  async function renew(fields: FormData): Promise<void> {
    const body = { overlap: Number(fields.get('overlap')) }
    const { key } = await call<{ key: string }>('POST', `admin/service-keys/${id}/rotate`, { body })
    done(key)
  }
  return (
    <Dialog title="Make a new secret?" action="Make it" onDo={renew}>
      <p>
        <Text>{name}</Text> gets a new secret. The present one works for as long as you choose, so that the machine can
        change over.
      </p>
      <Select
        label="The present one works for"
        name="overlap"
        value="86400"
        options={[
          ['86400', 'a day'],
          ['604800', '7 days'],
          ['3600', 'an hour'],
          ['0', 'no longer']
        ]}
      />
    </Dialog>
  )
}

function Revoke({ serviceKey: { id, name }, done }: { serviceKey: ServiceKey; done(): void }) {
  async function revoke(): Promise<void> {
    await call('DELETE', `admin/service-keys/${id}`)
    tell('The service key was revoked.')
    done()
  }
  return (
    <Dialog title="Revoke the service key?" action="Revoke" danger onDo={revoke}>
      <p>
        <Text>{name}</Text> and each of its secrets are refused from the next request on. This cannot be undone.
      </p>
    </Dialog>
  )
}

/** A key, shown this once: it is in no list and in no storage. */
function Shown({ title, text }: { title: string; text: string }) {
  const [copied, setCopied] = useState('')
  const output = useRef<HTMLElement>(null)
  function copy(): void {
    navigator.clipboard.writeText(text).then(
      () => setCopied('Copied.'),
      () => {
        getSelection()?.selectAllChildren(output.current as HTMLElement)
        setCopied('The browser does not allow it: it is selected, copy it by the keyboard.')
      }
    )
  }
  return (
    <Dialog title={title}>
      <p>Copy it now: it is shown this once.</p>
      <p>
        <code ref={output} class="secret">
          {text}
        </code>
      </p>
      <p>
        <Button kind="main" onClick={copy}>
          Copy
        </Button>{' '}
        <span role="status">{copied}</span>
      </p>
    </Dialog>
  )
}
