import type { ControllerDns } from '@s4u/directory'
import type { RealmInfo } from '../realms/realm-info.js'

/**
 * What DNS would say: each domain has one controller, and each site the same. `realms` are by the
 * host of their controller.
 */
export function dnsOf(realms: Readonly<Record<string, RealmInfo>>, asked: string[] = []): ControllerDns {
  return {
    async resolveSrv(name) {
      asked.push(name)
      const host = Object.keys(realms).find((each) => name.endsWith(`._msdcs.${realms[each].domain}`))
      if (host === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
      const record = { port: 389, priority: 0, weight: 100 }
      const spare = { ...record, name: `down.${realms[host].domain}`, priority: 1 }
      return [{ ...record, name: host }, spare]
    },
    async lookup(host) {
      const ldap = realms[host]?.ldap
      return ldap === undefined ? ['127.0.0.1'] : [ldap.host]
    },
  }
}
