import { ConfigurationError } from '@s4u/krb5'

/** Somebody asks for groups that nobody knows. To say that there are none would let those pass whom a group should keep out. */
export function groupsNotKnown(principal: string, why: string): ConfigurationError {
  return new ConfigurationError(`it is not known which groups ${principal} is in: ${why}`, {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'requirePac refuses tickets without a PAC when they come; requirePac: false says that their users are in no group. For users of other realms see domainSids.',
  })
}
