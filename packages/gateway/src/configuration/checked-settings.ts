import { checkGateway, isChecked } from './check-gateway.js'
import type { GatewayConfig, GatewaySettings } from './gateway-options.js'
import { problemsError } from './problem.js'

/**
 * Checks a configuration that a program gives; settings that a file was read into pass.
 * @throws ConfigurationError with all mistakes
 */
export function checkedSettings(config: GatewayConfig | GatewaySettings): GatewaySettings {
  if (isChecked(config)) return config
  const source = { from: 'program', folder: process.cwd(), environment: process.env } as const
  const { settings, problems } = checkGateway(config, source)
  if (settings === undefined) throw problemsError(problems)
  return settings
}
