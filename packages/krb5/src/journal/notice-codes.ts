/**
 * What each code of a notice or of a warning of the process means, in one sentence. A notice is no
 * error: the work goes on, and somebody should know. The code is `notice.code` of an event, and
 * `warning.code` of `process.on('warning')`.
 *
 * @example
 * ```ts
 * import { NOTICE_MEANINGS } from '@s4u/krb5'
 *
 * console.log(NOTICE_MEANINGS.S4U_REFUSED)
 * ```
 */
export const NOTICE_MEANINGS = {
  S4U_ATTEMPTS_PER_WORKER: 'Each process of a cluster counts attempts to sign in for itself alone.',
  S4U_AUDIT: 'The file of the audit cannot be written any more.',
  S4U_CCACHE_ENTRY: 'Some entries of a credential cache cannot be read, and were left out.',
  S4U_CLOSE_FAILED: 'Connections of a user, which are not needed any more, could not be closed.',
  S4U_DOMAIN_SIDS: 'The option domainSids has no entry for the realm of the keytab.',
  S4U_KDC_UNPROVEN: 'A password was checked, and no key of this machine proves that the right KDC has answered.',
  S4U_KEYTAB_RECORD: 'Some records of a keytab cannot be read, and were left out.',
  S4U_NO_SERVICE_NAME: 'A request goes without a token, since its URL has no name that a service can be registered by.',
  S4U_OLD_NAME: 'An option was given by an earlier name, which is a part of the code: S4U_OLD_NAME_KEEP.',
  S4U_OWN_TICKET: 'The service could not get a ticket for itself, by which it knows its own domain.',
  S4U_REDIS_CLOCK: 'The clocks of this machine and of Redis differ.',
  S4U_REDIS_EVICTION: 'Redis may throw away what s4u has stored, when its memory is full.',
  S4U_REDIS_REPLICA_COUNT: 'Redis has several replicas, and the store does not know how many may be away.',
  S4U_REDIS_RUN_ID: 'Redis does not say which server it is, so that a change of master is not noticed.',
  S4U_REFUSED: 'A caller was refused; it is told once for each kind of refusal where no logger is set.',
  S4U_RELAYED_ANSWER: 'An app returned the answer of a backend as it is; what speaks of that connection was left out.',
  S4U_REPLAY_PER_WORKER: 'Each process of a cluster detects replays for itself alone.',
  S4U_SESSION_PLAIN_HTTP: 'A session cookie that is for TLS alone was not set, since the request came without TLS.',
  S4U_SESSION_TOO_BIG: 'A session does not fit into cookies, so that the user signs in with each request.',
  S4U_SETTING_NOT_READ: 'A setting of the configuration of Kerberos has no effect here.',
  S4U_SMALL_HEADERS: 'The server takes headers that are smaller than tickets of users in many groups.',
  S4U_TRACE: 'The file that KRB5_TRACE names cannot be written.',
  S4U_WEAK_SECRET: 'The secret that is shared with a RADIUS server is short enough to be guessed.',
} as const

/** A code of `NOTICE_MEANINGS`. */
export type NoticeCode = keyof typeof NOTICE_MEANINGS
