import type { Operation } from '../operation/operation.js'
import type { TypedPasswords } from './typed-passwords.js'
import type { UserHeadersOf } from './user-headers.js'

/** What the delegation of all sites has in common. */
export interface DelegationDeps {
  readonly operation: Pick<Operation, 'alert' | 'innerRefused' | 'note'>
  /** The passwords that users have typed; undefined where no site wants them. */
  readonly passwords?: TypedPasswords | undefined
  /**
   * The schemes whose credentials are for the gateway itself, and go inside by no means, in small
   * letters.
   */
  readonly schemesOfGateway: ReadonlySet<string>
  readonly userHeaders: UserHeadersOf
}
