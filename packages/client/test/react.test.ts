import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { test } from 'tap'
import { useSession } from '../src/react.ts'
import { createBrowser } from './browser.ts'

test('on a server nobody is known: bench/browser/client.mjs tries it in a browser', async (t) => {
  const { session } = createBrowser().open()
  await session.signIn({ username: 'ada' }, 'a password')
  const Name = () => createElement('p', null, String(useSession(session)?.sub))
  t.equal(renderToString(createElement(Name)), '<p>undefined</p>')
})
