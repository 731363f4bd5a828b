/**
 * Ways to sign in beside Kerberos. Each is a source that a negotiator is given (`signIn`), and each
 * ends in the same `Identity`, which can be impersonated.
 */

export {
  createRadiusClient,
  type RadiusAnswer,
  type RadiusChallenge,
  type RadiusClient,
  type RadiusQuestion,
} from './radius/radius-client.js'
export { type FailedRadiusServer, RadiusUnreachableError } from './radius/radius-errors.js'
export type { RadiusOptions } from './radius/radius-options.js'
