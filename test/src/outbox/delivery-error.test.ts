import { test } from 'tap'
import { DeliveryError } from '../../../src/outbox/delivery-error.ts'

test('what was not delivered says why, and what becomes of it', (t) => {
  const error = new DeliveryError('later', 'EENVELOPE after RCPT TO, status 450')
  t.match(error, { name: 'DeliveryError', fate: 'later', message: 'EENVELOPE after RCPT TO, status 450' })
  t.end()
})
