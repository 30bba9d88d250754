import type { Action, Detail } from '../audit/actions.ts'
import type { Database } from '../database/database.ts'
import type { Proof } from '../errors.ts'
import type { AssertionCredential } from '../schemas/factors.ts'
import type { Credentials } from '../users/credentials.ts'
import type { ChallengePurpose } from './challenges.ts'

/** The part of a request that a factor uses. */
export interface FactorContext {
  readonly database: Database
  record(action: Action, particulars?: { account?: string; session?: string; detail?: Detail }): void
  readonly log: { debug(details: object, message: string): void }
}

/** The account that a factor belongs to. */
export type FactorAccount = Pick<Credentials, 'id' | 'username' | 'email' | 'email_verified'>

/** The purpose of a proof: the second step of a sign-in, or a step-up. */
export type FactorPurpose = Extract<ChallengePurpose, { step: Buffer }> | { for: 'step-up'; session: string }

/** The answer of a client for each kind of factor. */
export interface Answers {
  totp: string
  recovery_code: string
  passkey: AssertionCredential
}

/** A correct answer. It proves nothing until it is used. */
export interface Checked {
  proof: Proof
  /**
   * Uses the answer, in the transaction of its purpose. The caller has locked the account.
   *
   * @returns false if it cannot be used, for example because a concurrent request did; everything is then rolled back
   */
  use(transaction: Database): Promise<boolean>
  /** Called after the commit. */
  used?(): void
  /** Called after the rollback if `use` returned false. */
  refused?(): Promise<void>
  /** Refunds the attempt that the check has counted, if the work fails for another reason. */
  refund?(database: Database): Promise<void>
}

/** One kind of proof beside the password. */
export interface Factor<Name extends keyof Answers = keyof Answers> {
  readonly name: Name
  /**
   * Checks an answer. The attempt is already counted.
   *
   * @returns undefined if it is wrong
   */
  check(
    context: FactorContext,
    account: FactorAccount,
    answer: Answers[Name],
    purpose: FactorPurpose
  ): Promise<Checked | undefined>
  /** Returns the options for a passkey, for the `public_key` of a challenge that offers this factor. */
  options?(context: FactorContext, account: Pick<FactorAccount, 'id'>, purpose: FactorPurpose): Promise<unknown>
}
