import { test } from 'tap'
import { stripControls } from '../../src/report/strip-controls.ts'

test('what came from elsewhere does not steer the terminal', (t) => {
  t.equal(
    stripControls('red \x1b[31m\r\u009b2Jover,\tas\nit – stands'),
    'red \ufffd[31m\ufffd\ufffd2Jover,\tas\nit – stands'
  )
  t.end()
})
