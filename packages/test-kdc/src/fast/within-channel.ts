import { hasFlag } from '@s4u/krb5'
import { asRefusal, refuse } from '../kdc/refusal.js'
import { type FastChannel, FastOption } from '../kdc/fast-channel.js'

/** Runs `act`. A refusal in it is sent inside the armor. Source: RFC 6113 section 5.4.4. */
export function withinChannel<T>(channel: FastChannel | undefined, act: () => T): T {
  if (channel === undefined) return act()
  try {
    requireKnownOptions(channel)
    return act()
  } catch (error) {
    throw asRefusal(error).within(channel)
  }
}

/**
 * Refuses options that this KDC does not know. The first sixteen are critical: a KDC must refuse
 * those it does not know. Source: RFC 6113 section 5.4.2.
 */
function requireKnownOptions({ fastOptions }: FastChannel): void {
  const critical = Array.from({ length: CRITICAL_OPTIONS }, (_, bit) => bit)
  const unknown = critical.find((bit) => bit !== FastOption.HIDE_CLIENT_NAMES && hasFlag(fastOptions, bit))
  if (unknown !== undefined)
    refuse('KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS', `nobody knows the critical FAST option ${unknown}`)
}

const CRITICAL_OPTIONS = 16
