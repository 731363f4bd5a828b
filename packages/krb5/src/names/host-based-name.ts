/**
 * Host-based names: `HTTP@web.ad.test` is how GSS-API programs (npm `kerberos`, python-gssapi,
 * Java) write the service `HTTP/web.ad.test`. The form is called GSS_C_NT_HOSTBASED_SERVICE.
 * Source: RFC 2743 section 4.1.
 *
 * As a Kerberos name the same text means the account `HTTP` of a realm `web.ad.test`, for which a
 * KDC would be looked up. So the text is read as a host-based name only if a known service stands
 * before the `@` and a host behind it. All readers use the same rule: a name that a list permits is
 * the name for which a KDC is asked.
 */

/**
 * Returns the service principal name for which a host-based name stands; undefined for every other
 * text.
 *
 * @example
 * ```ts
 * import { hostBasedService } from '@s4u/krb5'
 *
 * hostBasedService('HTTP@web.ad.test') // 'HTTP/web.ad.test'
 * hostBasedService('svc-web@AD.TEST') // undefined: an account and its realm
 * ```
 */
export function hostBasedService(text: string): string | undefined {
  const [, service, host] = (typeof text === 'string' ? HOST_BASED.exec(text) : null) ?? []
  if (service === undefined || !SERVICES.has(service.toLowerCase())) return undefined
  return `${service}/${host}`
}

/**
 * Returns the service principal name for a host-based name, and every other text as it is.
 *
 * @example
 * ```ts
 * import { withoutHostBasedForm } from '@s4u/krb5'
 *
 * withoutHostBasedForm('HTTP@web.ad.test') // 'HTTP/web.ad.test'
 * ```
 */
export function withoutHostBasedForm(text: string): string {
  return hostBasedService(text) ?? text
}

/**
 * People write hosts in small letters and realms in capitals: `HTTP@AD.TEST` is an account. A port
 * may follow the host, and a pattern may contain a star.
 */
const HOST_BASED = /^([A-Za-z][\w-]*)@((?=[^:]*[a-z*])[\w*.-]+(?::[\w-]+)?)$/

/**
 * The service classes that programs use in this form. An account with such a name in a realm in
 * small letters must be written without its realm.
 */
const SERVICES: ReadonlySet<string> = new Set(
  (
    'http host cifs ldap gc dns rpc rpcss wsman termsrv mssqlsvc ftp smtp imap pop nntp sip xmpp nfs afpserver vnc rcmd ' +
    'postgres mysql mariadb oracle mongodb cassandra kafka zookeeper hdfs hive impala hbase yarn solr libvirt'
  ).split(' '),
)
