import { ConfigurationError, type Krb5Conf } from '@s4u/krb5'
import { Krb5Configuration } from './krb5-configuration.js'

/** How the name of a host becomes part of a service principal name. */
export interface HostNames {
  /** Whether DNS is asked for the canonical name of the host. Default: no. */
  readonly canonicalName?: boolean
  /** The domain that is appended to a host name of one label: `'ad.test'`. Default: none. */
  readonly qualifyShortName?: string
}

/**
 * Returns what the krb5.conf of this machine says about host names: `dns_canonicalize_hostname` and
 * `qualify_shortname`. A setting that is not there is left out. `fallback` counts as no, because
 * DNS is not protected and would choose the service.
 *
 * @param krb5Config the files to read, as in KRB5_CONFIG. Default: KRB5_CONFIG, else /etc/krb5.conf
 * @throws ConfigurationError for a line that cannot be read
 *
 * @example
 * ```ts
 * import { configuredHostNames } from '@s4u/kdc-client'
 *
 * const { canonicalName = false, qualifyShortName } = configuredHostNames()
 * console.log(canonicalName, qualifyShortName)
 * ```
 */
export function configuredHostNames(krb5Config: string | undefined = process.env['KRB5_CONFIG']): HostNames {
  const conf = confOf(krb5Config)
  const isFallback = conf?.string('libdefaults', 'dns_canonicalize_hostname')?.toLowerCase() === 'fallback'
  const canonicalName = isFallback ? false : conf?.boolean('libdefaults', 'dns_canonicalize_hostname')
  const domain = conf?.string('libdefaults', 'qualify_shortname')
  return { ...(canonicalName !== undefined && { canonicalName }), ...(domain && { qualifyShortName: domain }) }
}

/** Each new fetch asks for the settings, so the file is checked once in a while only. */
let known: { readonly files: string | undefined; readonly configuration: Krb5Configuration } | undefined

/** Host names work without a krb5.conf, so a missing file counts as empty. */
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
