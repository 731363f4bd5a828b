import { sh } from './shell-command.js'

/**
 * Makes keys of all types that the KDC has by now. A person is asked for the password: one of chance would lock her out. A service keeps
 * its old keys beside, until its keytab is exported again.
 */
export function newKey(principal: string) {
  if (!principal.includes('/'))
    return { mit: sh`kadmin.local cpw ${principal}`, heimdal: sh`kadmin -l cpw ${principal}` }
  return {
    mit: sh`kadmin.local cpw -randkey -keepold ${principal}`,
    heimdal: sh`kadmin -l cpw --keepold -r ${principal}`,
  }
}
