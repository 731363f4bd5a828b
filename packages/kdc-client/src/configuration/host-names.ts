import { ConfigurationError, type Krb5Conf } from '@s4u/krb5'
import { Krb5Configuration } from './krb5-configuration.js'

/** How a host becomes part of the name of a service. */
export interface HostNames {
  /** Whether DNS is asked what else the host is called. */
  readonly canonicalName?: boolean
  /** The domain that is put behind a host of one label. */
  readonly qualifyShortName?: string
}

/**
 * What the krb5.conf of this machine (KRB5_CONFIG, else /etc/krb5.conf) says of that: `dns_canonicalize_hostname`, where `fallback` is no,
 * since DNS is not protected and would choose the service; and `qualify_shortname`. What it does not say is left out.
 * @throws ConfigurationError for a line that cannot be read
 */
export function configuredHostNames(krb5Config: string | undefined = process.env['KRB5_CONFIG']): HostNames {
  const conf = confOf(krb5Config)
  const isFallback = conf?.string('libdefaults', 'dns_canonicalize_hostname')?.toLowerCase() === 'fallback'
  const canonicalName = isFallback ? false : conf?.boolean('libdefaults', 'dns_canonicalize_hostname')
  const domain = conf?.string('libdefaults', 'qualify_shortname')
  return { ...(canonicalName !== undefined && { canonicalName }), ...(domain && { qualifyShortName: domain }) }
}

/** Each fetch that is made asks: the file is looked at once in a while. */
let known: { readonly files: string | undefined; readonly configuration: Krb5Configuration } | undefined

/** Who names no service by its host needs no krb5.conf: one that is not there says nothing. */
function confOf(files: string | undefined): Krb5Conf | undefined {
  if (known === undefined || known.files !== files)
    known = { files, configuration: new Krb5Configuration(files, Date.now) }
  try {
    return known.configuration.conf
  } catch (error) {
    if (error instanceof ConfigurationError && error.code === 'KRB5_CONFIG_CANTOPEN') return undefined
    throw error
  }
}
