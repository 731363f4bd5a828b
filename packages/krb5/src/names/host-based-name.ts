/**
 * `HTTP@web.ad.test`: how GSS-API programs write the service `HTTP/web.ad.test`, as npm `kerberos`, python-gssapi and Java do
 * (GSS_C_NT_HOSTBASED_SERVICE). Source: RFC 2743 section 4.1.
 *
 * As a Kerberos name the same text is the account `HTTP` of a realm `web.ad.test`, for which a KDC would be looked up. So it is read only
 * where a service stands before the `@` and a host behind it, and by all readers alike: what a list permits is what a KDC is asked for.
 */

/**
 * The service principal name that a host-based name stands for; undefined for every other text.
 *
 *     hostBasedService('HTTP@web.ad.test')   // 'HTTP/web.ad.test'
 *     hostBasedService('svc-web@AD.TEST')    // undefined: an account and its realm
 */
export function hostBasedService(text: string): string | undefined {
  const [, service, host] = (typeof text === 'string' ? HOST_BASED.exec(text) : null) ?? []
  if (service === undefined || !SERVICES.has(service.toLowerCase())) return undefined
  return `${service}/${host}`
}

/** The same text, or the service principal name that it stands for. */
export function withoutHostBasedForm(text: string): string {
  return hostBasedService(text) ?? text
}

/** People write hosts in small letters, and realms in capitals: `HTTP@AD.TEST` is an account. A port may follow, and a pattern have a star. */
const HOST_BASED = /^([A-Za-z][\w-]*)@((?=[^:]*[a-z*])[\w*.-]+(?::[\w-]+)?)$/

/** Service classes that programs use in this form. An account that is called so, of a realm in small letters, is written without the realm. */
const SERVICES: ReadonlySet<string> = new Set(
  (
    'http host cifs ldap gc dns rpc rpcss wsman termsrv mssqlsvc ftp smtp imap pop nntp sip xmpp nfs afpserver vnc rcmd ' +
    'postgres mysql mariadb oracle mongodb cassandra kafka zookeeper hdfs hive impala hbase yarn solr libvirt'
  ).split(' '),
)
