import { test } from 'tap'
import { DeliveryError } from '../../../src/outbox/delivery-error.ts'

test('a delivery error says how and why a delivery failed', (t) => {
  const error = new DeliveryError('transient', 'EENVELOPE after RCPT TO, status 450')
  t.match(error, { name: 'DeliveryError', failure: 'transient', message: 'EENVELOPE after RCPT TO, status 450' })
  t.end()
})
