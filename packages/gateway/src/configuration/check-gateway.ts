import { checkConfig, type CheckedConfig } from './check-config.js'
import type { ConfigSource } from './config-reader.js'
import { CROSS_CHECKS } from './cross-checks.js'
import { GATEWAY_OPTIONS, type GatewayConfig, type GatewaySettings } from './gateway-options.js'

/** Checks a whole configuration: each option by itself, then what options say of each other. */
export function checkGateway(given: unknown, source: ConfigSource): CheckedConfig<GatewaySettings> {
  const { settings, problems } = checkConfig(GATEWAY_OPTIONS, given, source)
  if (settings === undefined) return { settings, problems }
  const between = CROSS_CHECKS.flatMap((check) => check(settings))
  return { settings: between.length === 0 ? noteChecked(settings) : undefined, problems: between }
}

const checkedBefore = new WeakSet<object>()

function noteChecked(settings: GatewaySettings): GatewaySettings {
  checkedBefore.add(settings)
  return settings
}

/** Whether a value is settings that this check has made, and not a configuration. */
export function isChecked(config: GatewayConfig | GatewaySettings): config is GatewaySettings {
  return typeof config === 'object' && config !== null && checkedBefore.has(config)
}
