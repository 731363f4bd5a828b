import { sh } from './shell-command.js'

/**
 * Returns the commands that make keys of all types that the KDC supports now. For a person, the
 * command asks for the password: a random one would lock her out. For a service, the old keys stay
 * valid until its keytab is exported again.
 */
export function newKey(principal: string) {
  if (!principal.includes('/'))
    return { mit: sh`kadmin.local cpw ${principal}`, heimdal: sh`kadmin -l cpw ${principal}` }
  return {
    mit: sh`kadmin.local cpw -randkey -keepold ${principal}`,
    heimdal: sh`kadmin -l cpw --keepold -r ${principal}`,
  }
}
