import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import type { Authority } from '../credentials/authority.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { ArmorUse } from '../fast/armor-use.js'
import type { DomainNames } from '../tickets/s4u-user.js'
import type { CacheOptions } from './kdc-client-options.js'

/** What a `Client` is made of. */
export interface ClientParts {
  readonly context: KdcContext
  readonly authority: Authority
  /** The krb5.conf of this machine; undefined if the option `kdc` replaces it. */
  readonly conf: Krb5Configuration | undefined
  readonly domains: DomainNames | undefined
  readonly cache: CacheOptions
  readonly armor: ArmorUse
}
