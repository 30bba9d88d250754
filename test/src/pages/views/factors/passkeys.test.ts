import { test } from 'tap'
import {
  type PasskeysPage,
  passkeyAgainView,
  passkeyDeletionView,
  passkeyFaultView,
  passkeyRenamingView,
  passkeysView
} from '../../../../../src/pages/views/factors/passkeys.ts'
import { pageContext, passkeyOptionsOf, textOf } from '../../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/account/passkeys' })
const ERRORS = { summary: 'Check it.', fields: { name: 'Too long.' } }
const ID = '0198a3c2-7f00-7000-8000-000000000001'
const PASSKEY = {
  id: ID,
  credential_id: 'abc',
  name: '<b>',
  created_at: '2026-06-03T00:00:00.000Z',
  last_used_at: null,
  backup_eligible: true,
  backed_up: true
}

function render(more: Partial<PasskeysPage> = {}) {
  const adding = { options: { challenge: 'c' }, seconds: 300 }
  const page = { party: { id: 'localhost' }, userHandle: 'handle', passkeys: [PASSKEY], adding, ...more }
  return String(passkeysView(PAGE, page).content)
}

test('the name of a new passkey cannot be too long: the device makes it before the service sees the name', async (t) => {
  t.match(render(), 'name="name" type="text" autocomplete="off" maxlength="64"')
})

test('passkeys are listed, and the browser is told of them after a change', async (t) => {
  t.match(
    textOf(render()),
    /without a password\. &lt;b&gt; synced Added 3 June 2026, never used Rename Delete Add a passkey/
  )
  t.match(textOf(render({ passkeys: [] })), /You have no passkey yet\./)
  t.notMatch(render(), 'data-signal')
  t.match(
    render({ done: 'Done.' }),
    'data-signal-with="{&quot;rpId&quot;:&quot;localhost&quot;,&quot;userId&quot;:&quot;handle&quot;,&quot;allAcceptedCredentialIds&quot;:[&quot;abc&quot;]}"'
  )
  t.match(render({ done: 'Done.' }), /^<p class="done" role="status">Done\.<\/p>/)
})

test('one is added by a form for the script, or not at all', async (t) => {
  t.strictSame(passkeyOptionsOf({ body: render() }), { challenge: 'c' })
  t.match(render(), '<noscript><p>Adding a passkey takes JavaScript')
  t.match(render(), ' data-seconds="300" data-renew>')
  const refused = render({ errors: ERRORS, name: 'typed' })
  t.match(refused, ' data-seconds="300">')
  t.match(refused, '<p class="fault" role="alert">Check it.</p><form hidden')
  t.match(refused, 'value="typed" aria-invalid="true" aria-describedby="name-fault name-hint"')
  for (const adding of ['too many', 'step up'] as const) t.notMatch(render({ adding }), '<form')
})

test('a new passkey can be sent again, if it has come', async (t) => {
  const again = (credential?: string) => String(passkeyAgainView(PAGE, { credential, name: 'Mine' }, ERRORS).content)
  t.match(
    again('{"id":1}'),
    '<input type="hidden" name="credential" value="{&quot;id&quot;:1}"><input type="hidden" name="name" value="Mine">'
  )
  t.match(again('{}'), 'Send it again</button>')
  t.equal(textOf(again()), 'Passkeys Check it.')
})

test('one is renamed and deleted by its id', async (t) => {
  const renaming = passkeyRenamingView(PAGE, { id: ID, name: '<b>', errors: ERRORS })
  t.match(String(renaming.content), `action="../../pages/account/passkeys/rename?id=${ID}"`)
  t.match(String(renaming.content), 'value="&lt;b&gt;" required aria-invalid="true"')
  const deletion = (more = {}) => passkeyDeletionView(PAGE, { id: ID, ...more })
  t.match(String(deletion().content), `action="../../pages/account/passkeys/delete?id=${ID}"`)
  t.equal(deletion({ name: 'phone' }).title, 'Delete the passkey “phone”?')
  t.equal(deletion().title, 'Delete the passkey?')
  t.match(textOf(deletion({ isLast: true }).content), /You have no other second step/)
  t.notMatch(textOf(deletion().content), /You have no other second step/)
  t.equal(textOf(passkeyFaultView(PAGE, 'Gone.').content), 'Passkeys Gone.')
})
