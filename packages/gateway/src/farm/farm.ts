import type { ResponseHeaders } from '@s4u/negotiate'
import type { CallerRequest } from '../requests/steps.js'

/** One inner server. */
export interface FarmMember {
  readonly url: URL
  /** What logs call it: `orders1.ad.test:443`. */
  readonly name: string
}

/** The member that serves one request. */
export interface ChosenMember {
  readonly member: FarmMember
  /** Headers that keep the user at this member. */
  readonly answerHeaders: ResponseHeaders
  /** Called once, when the member has answered, or could not be reached. */
  ended(how: 'answered' | 'unreachable'): void
}

export interface Farm {
  readonly members: readonly FarmMember[]
  /**
   * Chooses a member, other than those that were tried before.
   * @throws S4uError with the status 503 where no member is left
   */
  choose(request: CallerRequest, tried?: readonly FarmMember[]): ChosenMember
  close(): void
}
