import { ConfigurationError } from '@s4u/krb5'

/** A second answer to the same AP-REQ would put a second message under the same sequence number. */
export function answerOnce(): () => void {
  let answered = false
  return () => {
    if (answered) throw new ConfigurationError('this step of the negotiation was answered already')
    answered = true
  }
}
