import {
  AdType,
  type AuthorizationData,
  flattenAuthorizationData,
  type FoundAuthorizationData,
  RejectedTokenError,
} from '@s4u/krb5'

/**
 * Returns the elements of authorization data, taken out of their containers. A service that does
 * not know an element must refuse, unless the element stands in AD-IF-RELEVANT. Source: RFC 4120
 * section 5.2.6.
 *
 * @param where `ticket`, `authenticator`: for the error
 * @throws RejectedTokenError KDC_ERR_POLICY for a restriction that is not known here and may not be
 * ignored
 * @throws MalformedTokenError
 */
export function understoodElements(data: AuthorizationData, where: string): readonly FoundAuthorizationData[] {
  const elements = flattenAuthorizationData(data)
  const unknown = elements.find(({ adType, ifRelevant }) => !ifRelevant && !NOT_FOR_SERVICES.has(adType))
  if (unknown === undefined) return elements
  throw new RejectedTokenError(`the ${where} carries critical authorization data of type ${unknown.adType}`, {
    code: 'KDC_ERR_POLICY',
    hint: 'It restricts what the ticket is good for in a way that is not known here. Whoever issues it must mark it AD-IF-RELEVANT.',
  })
}

/**
 * Types that may stand outside AD-IF-RELEVANT because they are only for the KDC. Source: RFC 4120
 * section 5.2.6.3.
 */
const NOT_FOR_SERVICES: ReadonlySet<number> = new Set([AdType.MANDATORY_FOR_KDC])
