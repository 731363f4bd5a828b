/**
 * Publishes inner web servers: any way to sign in outside, Kerberos in the name of the user inside.
 */

export type { GatewayConfig } from './configuration/gateway-options.js'
export { createGateway } from './create-gateway.js'
export type { Gateway } from './gateway.js'
export { type GatewayOfFile, type GatewayOfFileOptions, openGatewayFile, type ReloadNotice } from './gateway-of-file.js'
export { type ReadConfig, readConfigFile } from './configuration/config-file.js'
export type { GatewaySettings } from './configuration/gateway-options.js'
export { gatewaySchema } from './configuration/json-schema.js'
export { type ConfigPath, formatProblem, type Problem } from './configuration/problem.js'
