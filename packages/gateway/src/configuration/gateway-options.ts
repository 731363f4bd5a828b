import { FORWARD_AUTH } from './sections/forward-auth-section.js'
import { KERBEROS } from './sections/kerberos-section.js'
import { LISTENER } from './sections/listener-section.js'
import { OPERATION } from './sections/operation-section.js'
import { duration, group, list } from './options/option-kinds.js'
import type { Checked, Given } from './options/option-values.js'
import { SESSION } from './sections/session-section.js'
import { SIGN_IN } from './sections/sign-in-section.js'
import { SITE } from './sections/site-section.js'

/** The one table of the gateway's options. */
export const GATEWAY_OPTIONS = group({
  about: 'A gateway of s4u: any way to sign in outside, Kerberos inside',
  fields: {
    kerberos: KERBEROS,
    session: SESSION,
    listeners: list({ about: 'Where the gateway listens', required: true, least: 1, of: LISTENER }),
    signIn: list({ about: 'Ways to sign in, for sites that name none; without it negotiate', of: SIGN_IN }),
    sites: list({ about: 'What is published', required: true, least: 1, of: SITE }),
    operation: OPERATION,
    forwardAuth: FORWARD_AUTH,
    stopTime: duration({ about: 'How long requests may go on after the gateway was told to stop', default: 30_000 }),
  },
})

/**
 * The configuration of a gateway, as a file or a program has it.
 *
 * ```ts
 * import type { GatewayConfig } from '@s4u/gateway'
 *
 * export const config: GatewayConfig = {
 *   kerberos: { keytab: '/etc/s4u/gateway.keytab', principal: 'svc-gateway' },
 *   listeners: [
 *     {
 *       address: ':443',
 *       tls: { certificates: { certificate: 'portal.pem', key: 'portal.key' } },
 *     },
 *   ],
 *   sites: [{ hosts: 'orders.example.com', to: 'https://orders.ad.test' }],
 * }
 * ```
 */
export type GatewayConfig = Given<typeof GATEWAY_OPTIONS>

/** A configuration that has been checked: complete and frozen. */
export type GatewaySettings = Checked<typeof GATEWAY_OPTIONS>

export type KerberosSettings = Checked<typeof KERBEROS>
export type SessionSettings = Checked<typeof SESSION>
export type ListenerSettings = Checked<typeof LISTENER>
export type SiteSettings = Checked<typeof SITE>
export type RuleSettings = SiteSettings['access'][number]
export type SignInSettings = Checked<typeof SIGN_IN>
export type DelegationSettings = SiteSettings['delegation']
export type FarmSettings = SiteSettings['farm']
export type OperationSettings = Checked<typeof OPERATION>
export type ForwardAuthSettings = Checked<typeof FORWARD_AUTH>
