/**
 * How a delivery failed:
 * - `permanent`: the recipient was refused, and a retry would not change that;
 * - `transient`: this item was refused for now;
 * - `unavailable`: the receiver accepts nothing at present, neither this item nor another one.
 */
export type Failure = 'permanent' | 'transient' | 'unavailable'

/** A delivery failed. The error does not name the recipient, so that it can be logged. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly failure: Failure

  constructor(failure: Failure, message: string) {
    super(message)
    this.failure = failure
  }
}
