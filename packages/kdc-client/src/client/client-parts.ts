import type { ArmorUse } from '../fast/armor-use.js'
import type { CacheOptions } from './kdc-client.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import type { DomainNames } from '../tickets/s4u-user.js'
import type { Authority } from '../credentials/authority.js'

export interface ClientParts {
  readonly context: KdcContext
  readonly authority: Authority
  /** The krb5.conf of this machine, where the caller did not name the KDCs. */
  readonly conf: Krb5Configuration | undefined
  readonly domains: DomainNames | undefined
  readonly cache: CacheOptions
  readonly armor: ArmorUse
}
