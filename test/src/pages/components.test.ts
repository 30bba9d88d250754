import { test } from 'tap'
import {
  renderDone,
  renderFormButton,
  renderLinkButton,
  renderRow,
  renderSection,
  signInLink
} from '../../../src/pages/components.ts'
import { html } from '../../../src/pages/html.ts'
import { pageContext } from '../../helpers/page.ts'

const PAGE = pageContext()

test('a section has a heading', async (t) => {
  t.equal(
    String(renderSection('You & I', html`<p>One</p>`)),
    '<section class="card">\n<h2>You &amp; I</h2>\n<p>One</p>\n</section>'
  )
})

test('a row says what it is, and what can be done with it', async (t) => {
  t.equal(
    String(renderRow({ what: '<key>', tag: 'on & off', details: 'a "key"', buttons: html`<a href="x">X</a>` })),
    `<div class="row">
<div class="what"><p class="name"><bdi>&lt;key&gt;</bdi> <span class="tag">on &amp; off</span></p>
<p class="pale">a &quot;key&quot;</p></div>
<div class="buttons"><a href="x">X</a></div>
</div>`
  )
  t.match(String(renderRow({ what: 'a\u2069\u202eb' })), '<bdi>ab</bdi>', 'a name cannot end its isolation')
  const bare = String(renderRow({ what: 'key' }))
  t.notMatch(bare, 'pale')
  t.notMatch(bare, 'tag')
  t.notMatch(bare, 'buttons')
})

test('a link that looks like a button names what it concerns', async (t) => {
  const button = { to: 'pages/account/password', text: 'password', of: '<ada>' } as const
  t.equal(
    String(renderLinkButton(PAGE, button)),
    '<a class="button quiet" href="../pages/account/password" aria-label="Password: &lt;ada&gt;">Password</a>'
  )
  t.match(String(renderLinkButton(PAGE, { ...button, look: 'danger' })), '<a class="button danger"')
})

test('a form that is one button names what it concerns', async (t) => {
  const button = { action: 'pages/account/sessions', text: 'account.session.end', of: '<ada>' } as const
  t.equal(
    String(renderFormButton(PAGE, button)),
    '<form method="post" action="../pages/account/sessions"><button class="quiet" aria-label="Sign out: &lt;ada&gt;">Sign out</button></form>'
  )
  t.match(
    String(renderFormButton(PAGE, { ...button, look: 'danger', hidden: { session: '"1"' } })),
    '<input type="hidden" name="session" value="&quot;1&quot;"><button class="danger"'
  )
})

test('a link leads to the sign-in', async (t) => {
  t.equal(String(signInLink(PAGE)), '<a href="../pages/login">Sign in</a>')
})

test('a page says what was done', async (t) => {
  t.equal(String(renderDone('<done>')), '<p class="done" role="status">&lt;done&gt;</p>')
})
