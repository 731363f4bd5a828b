import type { S4uError } from '@s4u/krb5'
import { upgradeHeaders } from '@s4u/negotiate'
import type { MemberOutcome } from '../farm/farm.js'
import type { CallerRequest, ReplyTo } from '../requests/steps.js'
import { destinationOf, type Inside, isOfMember } from './inside.js'
import { refusalOf } from './refusal-of.js'

/** Calls a function when the session of a request has ended. Returns what ends the watch. */
export type Watch = (end: () => void) => () => void

/** How a WebSocket ends before its sides end it. */
export interface UpgradeEnding {
  /** Undefined without a session. */
  readonly watch: Watch | undefined
  /**
   * Called at once when the inner server breaks off, or its answer must not pass: the socket is
   * closed right after it.
   */
  readonly refuse: (error: S4uError) => void
}

/**
 * Lets an inner server answer the handshake of a WebSocket, and carries what follows until one side
 * ends it, or the caller's session or ticket does.
 * @throws S4uError while nothing has gone to the client
 */
export async function upgradeInside(
  request: CallerRequest,
  { socket, head }: Extract<ReplyTo, { kind: 'upgrade' }>,
  inside: Inside,
  { watch, refuse }: UpgradeEnding,
): Promise<void> {
  const { farm, delegation, isOwnCookie, onOwnCookie } = inside.site
  // The client may have left while it was found out who it is.
  if (socket.destroyed) return
  const gone = new AbortController()
  const chosen = farm.choose(request)
  let outcome: MemberOutcome = 'unknown'
  socket.once('close', () => {
    gone.abort()
    chosen.ended(outcome)
  })
  inside.onMember(chosen.member)
  const credential = await delegation.credentialFor(request, chosen.member, gone.signal)
  const destination = destinationOf(request, inside, { member: chosen.member, credential })
  const expiresAt = request.session?.expiresAt ?? request.caller?.expiresAt
  inside.proxy.upgrade(request, { socket, head }, destination, {
    ...{ url: chosen.member.url, credential, passesChallenges: delegation.passesChallenges },
    ...{ isOwnCookie, onOwnCookie: () => onOwnCookie(request) },
    own: [chosen.answerHeaders],
    ownLines: upgradeHeaders(request.request),
    ...(watch && { watch }),
    lastsFor: expiresAt === undefined ? undefined : expiresAt - inside.now(),
    begun: () => void (outcome = 'answered'),
    refuse(error) {
      chosen.ended(isOfMember(error) ? 'unreachable' : 'unknown')
      refuse(refusalOf(error))
    },
  })
}
