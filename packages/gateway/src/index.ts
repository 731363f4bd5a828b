/**
 * Publishes inner web servers: any way to sign in outside, Kerberos in the name of the user inside.
 */

export type { GatewayConfig } from './configuration/gateway-options.js'
