import { test } from 'tap'
import { equalSecrets } from '../../../src/secrets/equal.ts'

test('two secrets are compared completely', (t) => {
  const compared: [string, string, boolean][] = [
    ['secret', 'secret', true],
    ['', '', true],
    ['secret', 'Secret', false],
    ['secret', 'secret ', false],
    ['secret', '', false],
    ['é', 'e\u0301', false]
  ]
  for (const [one, other, same] of compared) t.equal(equalSecrets(one, other), same, `${one} and ${other}`)
  t.end()
})
