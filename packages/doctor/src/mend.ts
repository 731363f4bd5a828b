import type { Directory, DirectoryChange } from '@s4u/directory'
import { makeAll } from './repairs/make-all.js'
import { diagnose, type Diagnosis } from './diagnose.js'
import type { Finding } from './engine/finding.js'
import type { DiagnoseOptions } from './facts/diagnose-options.js'

/** What is needed to change the directory: who may do it, and who says yes to each change. */
export interface MendOptions extends Omit<DiagnoseOptions, 'directory'> {
  /** The directory, opened with the credentials of somebody who may change the accounts. */
  readonly directory: Directory
  /**
   * Says whether a change is to be made. A finding with a `risk` is for a person to judge. Called
   * for each finding. Show the changes first with `ldifOf` of @s4u/directory.
   */
  readonly confirm: (finding: Finding, changes: readonly DirectoryChange[]) => Promise<boolean>
}

/** Findings that are mended in one run. More than these have one cause that no change reaches. */
const MAX_MENDED = 50

/**
 * Looks at the service, offers the changes that the first finding asks for, makes them when
 * `confirm` says yes, and looks again, until nothing is left that a change would mend. Resolves
 * with
 * the last look.
 *
 * @example
 * ```ts
 * import { type Directory } from '@s4u/directory'
 * import { mend } from '@s4u/doctor'
 *
 * export async function mendWeb(directory: Directory): Promise<void> {
 *   const confirm = async (): Promise<boolean> => true
 *   const { status } = await mend({ keytab: 'web.keytab', directory, confirm })
 *   console.log(status)
 * }
 * ```
 *
 * @throws DirectoryError `insufficientAccessRights` where the administrator may not make a change
 * @throws what `diagnose` throws
 */
export async function mend({ confirm, ...options }: MendOptions): Promise<Diagnosis> {
  const declined = new Set<string>()
  let diagnosis = await diagnose(options)
  for (let mended = 0; mended < MAX_MENDED; mended += 1) {
    const next = diagnosis.findings.find((finding) => isMendable(finding) && !declined.has(keyOf(finding)))
    if (next?.changes === undefined) break
    if (await confirm(next, next.changes)) {
      await makeAll(next.changes, options.directory)
      diagnosis = await diagnose(options)
    }
    // A change that did not help is not offered for ever.
    declined.add(keyOf(next))
  }
  return diagnosis
}

function isMendable({ status, changes = [] }: Finding): boolean {
  return (status === 'failed' || status === 'warning') && changes.length > 0
}

function keyOf({ check, subject = '', found }: Finding): string {
  return JSON.stringify([check, subject, found])
}
