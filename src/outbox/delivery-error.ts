/**
 * What becomes of a letter that a mail server did not take:
 * - `lost`: there is nobody of that address, and trying again would not change it;
 * - `later`: the server does not want this letter now, and may another time;
 * - `away`: it is not about this letter, and no other would get through either.
 */
export type Fate = 'lost' | 'later' | 'away'

/** A letter was not delivered. Neither what it says nor what goes with it names the recipient. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly fate: Fate

  constructor(fate: Fate, message: string) {
    super(message)
    this.fate = fate
  }
}
