import type { DirectorySetting } from '../errors/directory-setting.js'
import { type AdviceAbout, nameForCommand } from './advice.js'
import { aboutFile, powershell, sh } from './shell-command.js'

/**
 * The advice for a wrong key. A user only types the password again: a command that writes a keytab
 * would change the password. The keytab of a service is out of date, or was exported from another
 * realm.
 */
export function wrongKey({ principal, name, facts }: AdviceAbout): DirectorySetting {
  const { credentials } = facts
  if (credentials?.kind === 'password')
    return {
      attribute: `Wrong password of ${principal}: type it again. Directories lock an account out after a few wrong ones.`,
    }
  const { file } = credentials ?? {}
  const inKeytab = file ?? 'its keytab'
  const changing =
    (facts.keysShown ?? 0) > 1
      ? ' Two of its keys were refused: if the password of the account was changed at this very moment, ask again after a second, and the newest key is tried once more.'
      : ''
  const account = nameForCommand(principal)
  const unless = aboutFile(file, 'the keytab')
  return {
    attribute: `Wrong key of ${principal}: ${inKeytab} was exported before the password of the account was changed last. Compare the versions (klist -k, msDS-KeyVersionNumber), and export it again. ktpass sets the password anew, so that other keytabs of the account go out of date.${changing}`,
    activeDirectory: powershell`ktpass -princ ${account} -mapuser ${name} -crypto AES256-SHA1 -ptype KRB5_NT_PRINCIPAL -pass * -out FILE   # FILE: the keytab`,
    samba: sh`samba-tool domain exportkeytab ${{ file }} --principal=${name}` + unless,
    mit: sh`kadmin.local ktadd -norandkey -k ${{ file }} ${account}` + unless,
    heimdal: sh`kadmin -l ext_keytab -k ${{ file }} ${account}` + unless,
    freeIpa: sh`ipa-getkeytab -r -k ${{ file }} -p ${account}` + unless,
  }
}
