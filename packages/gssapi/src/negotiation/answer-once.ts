import { ConfigurationError } from '@s4u/krb5'

/**
 * Returns a guard that throws at its second call. A second answer to an AP-REQ would put a second
 * message under the same sequence number.
 */
export function answerOnce(): () => void {
  let answered = false
  return () => {
    if (answered) throw new ConfigurationError('this step of the negotiation was answered already')
    answered = true
  }
}
