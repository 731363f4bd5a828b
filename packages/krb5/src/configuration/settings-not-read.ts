/**
 * Settings of krb5.conf that other implementations read and s4u does not, each with what a user
 * must know about it. Source: MIT krb5 documentation, "krb5.conf" and "kdc.conf"; Heimdal,
 * krb5.conf(5); Java, "Kerberos Requirements".
 */

const NO_ADDRESSES = 'tickets are asked for without addresses'
const OF_KDC = 'it is for a KDC'
const PKINIT = 'certificates are not signed in with'

/** Settings of [libdefaults]. */
export const SETTINGS_NOT_READ: ReadonlyMap<string, string> = new Map([
  ['allow_des3', 'triple DES is not implemented'],
  ['allow_weak_crypto', 'DES is not implemented; for rc4-hmac there are allow_rc4 and options'],
  ['ap_req_checksum_type', 'each encryption type has its own checksum'],
  ['ccache_type', 'caches are read in each of their four formats'],
  ['client_aware_channel_bindings', 'requests are not flagged so'],
  ['default_cc_name', 'Heimdal calls it so: write default_ccache_name'],
  ['default_cc_type', 'the type is written before a name: default_ccache_name'],
  ['default_etypes', 'Heimdal calls it so: write permitted_enctypes'],
  ['default_etypes_des', 'DES is not implemented'],
  ['default_rcache_name', 'the option replayCache says where authenticators are remembered'],
  ['dns_fallback', 'it is called dns_lookup_kdc'],
  ['dns_lookup_realm', 'realms of hosts are those of [domain_realm], and what the KDC says'],
  ['enforce_ok_as_delegate', 'options say to whom tickets are lent'],
  ['err_fmt', 'errors have one form'],
  ['extra_addresses', NO_ADDRESSES],
  ['fcc-mit-ticketflags', 'flags are read as MIT writes them'],
  ['http_proxy', 'KDCs are asked directly, or by an https address'],
  ['k5login_authoritative', 'there are no .k5login files here: the app says who may'],
  ['k5login_directory', 'there are no .k5login files here: the app says who may'],
  ['kcm_mach_service', 'it is for macOS'],
  ['kdc_default_options', 'options are chosen for each request'],
  ['kdc_req_checksum_type', 'each encryption type has its own checksum'],
  ['kdc_timesync', 'the clock of the KDC counts always, once a sealed reply has told it'],
  ['krb4_get_tickets', 'there is no Kerberos 4 here'],
  ['large_msg_size', 'it is called udp_preference_limit'],
  ['log_utc', 'times in errors are UTC'],
  ['no_addresses', NO_ADDRESSES],
  ['noaddresses', NO_ADDRESSES],
  ['pkinit_anchors', PKINIT],
  ['pkinit_identities', PKINIT],
  ['pkinit_pool', PKINIT],
  ['pkinit_revoke', PKINIT],
  ['plugin_base_dir', 'there are no plugins here'],
  ['preferred_preauth_types', 'the KDC and the credentials leave no choice'],
  ['proxiable', 'proxiable tickets are not asked for'],
  ['rdns', 'no address is looked up backwards'],
  ['realm_try_domains', 'realms of hosts are those of [domain_realm], and what the KDC says'],
  ['safe_checksum_type', 'each encryption type has its own checksum'],
  ['spake_preauth_groups', 'SPAKE is not signed in with'],
  ['v4_instance_resolve', 'there is no Kerberos 4 here'],
  ['verify_ap_req_nofail', 'what cannot be verified is refused always'],
])

/** Settings of a realm in [realms]. */
export const REALM_SETTINGS_NOT_READ: ReadonlyMap<string, string> = new Map([
  ['auto_fast_armor', 'there is no anonymous PKINIT here'],
  ['database_module', OF_KDC],
  ['default_domain', 'there is no Kerberos 4 here'],
  ['disable_encrypted_timestamp', 'sign-in is armored where the KDC offers it'],
  ['master_kdc', 'each KDC is believed alike'],
  ['max_life', OF_KDC],
  ['max_renewable_life', OF_KDC],
  ['pkinit_anchors', PKINIT],
  ['pkinit_cert_match', PKINIT],
  ['pkinit_eku_checking', PKINIT],
  ['pkinit_identities', PKINIT],
  ['pkinit_kdc_hostname', PKINIT],
  ['pkinit_pool', PKINIT],
  ['pkinit_revoke', PKINIT],
  ['primary_kdc', 'each KDC is believed alike'],
  ['sitename', 'DNS is asked for the KDCs of the realm, not of a site'],
  ['supported_enctypes', OF_KDC],
  ['v4_instance_convert', 'there is no Kerberos 4 here'],
  ['v4_name_convert', 'there is no Kerberos 4 here'],
  ['v4_realm', 'there is no Kerberos 4 here'],
])

/** Whole sections. */
export const SECTIONS_NOT_READ: ReadonlyMap<string, string> = new Map([
  ['appdefaults', 'it is for other programs'],
  ['dbdefaults', OF_KDC],
  ['dbmodules', OF_KDC],
  ['hdb', OF_KDC],
  ['kadmin', 'it is for kadmin'],
  ['kcm', 'it is for the KCM service'],
  ['kdc', OF_KDC],
  ['kdcdefaults', OF_KDC],
  ['logging', OF_KDC],
  ['login', 'it is for other programs'],
  ['otp', OF_KDC],
  ['pam', 'it is for other programs'],
  ['password_quality', 'it is for kadmin'],
  ['plugins', 'there are no plugins here'],
])
