import type { ResponseHeaders } from '@s4u/negotiate'
import type { CallerRequest } from '../requests/steps.js'

/** One inner server. */
export interface FarmMember {
  readonly url: URL
  /** What logs call it: `orders1.ad.test:443`. */
  readonly name: string
}

/**
 * How a request to a member has ended: `unknown` where nothing was sent, or the client left first,
 * which tells nothing of the member.
 */
export type MemberOutcome = 'answered' | 'unreachable' | 'unknown'

/** The member that serves one request. */
export interface ChosenMember {
  readonly member: FarmMember
  /** Headers that keep the user at this member. */
  readonly answerHeaders: ResponseHeaders
  /** Must be called, however the request ends: until then it counts as under way. */
  ended(how: MemberOutcome): void
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
