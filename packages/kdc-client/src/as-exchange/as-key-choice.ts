import { type EtypeInfo2Entry, formatPrincipal, type KrbError } from '@s4u/krb5'
import { kdcAnswer } from '../errors/kdc-answer.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { keysOffered, methodsIn } from '../exchange/method-data.js'
import type { SignIn } from '../credentials/authority.js'
import { explainNoCommonKey } from '../advice/sign-in-refusal.js'
import { traceKey } from '../events/trace-lines.js'

/**
 * Returns the KDC's first choice among the encryption types that the client offered. Other types,
 * such as DES and RC4 variants, are not used, whatever the KDC names.
 *
 * @throws KdcError KDC_ERR_ETYPE_NOSUPP
 */
export function chooseKey(
  { context, signIn }: { readonly context: KdcContext; readonly signIn: SignIn },
  error: KrbError,
): EtypeInfo2Entry {
  const offered = keysOffered(methodsIn(error.eData)) ?? []
  const usable = offered.find(({ etype }) => context.etypes.includes(etype) && signIn.etypes.includes(etype))
  signIn.learn?.(offered.filter(({ etype }) => context.etypes.includes(etype)))
  if (usable) traceKey(usable.etype, usable.salt)
  if (usable) return usable
  const answer = kdcAnswer('AS', formatPrincipal(signIn.principal), 'krbtgt', error)
  const theirs = offered.map(({ etype }) => etype)
  throw explainNoCommonKey(answer, theirs, signIn.etypes)
}
