import type { DirectorySetting } from '../errors/directory-setting.js'
import { editAttribute } from './samba-edit.js'
import { powershell, sh } from './shell-command.js'

/**
 * Ends selective authentication of a trust. Domains are those of DNS.
 *
 * @param domain that of the services
 * @param partner that of the users
 */
export function letAllIn(domain: string, partner: string): DirectorySetting {
  return {
    attribute: `trustAttributes of the trust with ${partner} must not have CROSS_ORGANIZATION (0x10, selective authentication)`,
    activeDirectory: powershell`netdom trust ${domain} /domain:${partner} /SelectiveAUTH:No`,
    samba: editAttribute(trustWith(partner), 'trustAttributes', { without: 0x10 }),
  }
}

/** Leaves out SIDs of an external domain that are not its own. */
export function quarantine(domain: string, partner: string): DirectorySetting {
  return {
    attribute: `trustAttributes of the trust with ${partner} must have QUARANTINED_DOMAIN (0x4)`,
    activeDirectory: powershell`netdom trust ${domain} /domain:${partner} /quarantine:Yes`,
    samba: editAttribute(trustWith(partner), 'trustAttributes', { with: 0x4 }),
  }
}

/** Leaves out SIDs of another forest that are not of its domains. */
export function refuseSidHistory(domain: string, partner: string): DirectorySetting {
  return {
    attribute: `trustAttributes of the trust with ${partner} must not have TREAT_AS_EXTERNAL (0x40)`,
    activeDirectory: powershell`netdom trust ${domain} /domain:${partner} /EnableSIDHistory:No`,
    samba: editAttribute(trustWith(partner), 'trustAttributes', { without: 0x40 }),
  }
}

function trustWith(partner: string): string {
  return sh`(trustPartner=${partner})`
}
