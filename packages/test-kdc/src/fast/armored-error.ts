import { encode, KrbError, MethodData, type PaData, PaType } from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { makeCookie } from './cookie.js'
import { hidesClientNames, sealResponse } from './response.js'

/**
 * Returns the error with a second one inside the armor. The client believes only the inner one. The
 * METHOD-DATA stands beside it, in place of e-data.
 *
 * Source: RFC 6113 section 5.4.4.
 */
export function armorError(kdc: Kdc, channel: FastChannel, error: KrbError, methods: readonly PaData[]): KrbError {
  const { misbehave } = kdc
  if (misbehave.fastPlainErrors) return { ...error, eData: encode(MethodData, methods) }
  const twin = { padataType: PaType.FX_ERROR, padataValue: encode(KrbError, { ...error, eData: undefined }) }
  const cookie = channel.client && !misbehave.fastNoCookie ? [makeCookie(kdc, channel.client)] : []
  const padata = [...methods, ...(misbehave.fastNoError ? [] : [twin]), ...cookie]
  const eData = encode(MethodData, [sealResponse(kdc, channel, { padata })])
  return hidesClientNames(channel) ? { ...error, cname: undefined, crealm: undefined, eData } : { ...error, eData }
}
