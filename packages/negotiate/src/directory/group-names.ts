import { ConfigurationError, type Journal } from '@s4u/kdc-client'
import { shownName } from '@s4u/krb5'
import type { DirectorySource } from './caller-directory.js'
import { withoutDirectory } from './directory-option.js'
import { declareName, type NameKind, namesOfNobody, type RouteName, RouteNames } from './route-names.js'

interface GroupSid {
  readonly sid: string
}

/** What a name of a group stands for now. */
export type GroupName = RouteName<GroupSid>

const GROUPS: NameKind<GroupSid> = {
  noun: 'group',
  async look(directory, name) {
    const sid = await directory.sidOf(name)
    return sid === undefined ? undefined : { sid }
  },
  declared: { owner: undefined, before: [] },
}

/** Notes a name that is resolved at the start, and not with the first request. */
export function declareGroup(name: string): void {
  declareName(GROUPS, name)
}

/**
 * Tells at the start that routes name groups which no negotiator can resolve: their first request
 * would be a 500. The routes are declared right behind the negotiator, so it waits for them.
 */
export function tellGroupsWithoutDirectory(journal: Journal): void {
  setImmediate(() => {
    const [name] = namesOfNobody(GROUPS)
    if (name === undefined) return
    const { code, message, hint, help } = withoutDirectory(`requireGroup of ${shownGroup(name)}`)
    journal.warn(code, () => ({ level: 'error', text: `${code}: ${message}`, hint, help }))
  }).unref()
}

/** The SIDs of the groups that routes name. */
export class GroupNames extends RouteNames<GroupSid> {
  constructor(source: DirectorySource, journal: Journal) {
    super(GROUPS, source, journal)
  }

  /**
   * @throws ConfigurationError for names that the directory does not know; the error of the
   * directory if it does not answer
   */
  async ready(): Promise<void> {
    const unknown = await this.askForAll()
    if (unknown.length > 0) throw unknownGroups(unknown)
  }
}

export function unknownGroups(names: readonly string[]): ConfigurationError {
  const shown = names.map(shownGroup).join(', ')
  return new ConfigurationError(`requireGroup: there is no group ${shown} in the directory`, {
    code: 'noSuchObject',
    hint: "Write it with the short name of its domain: requireGroup('CORP\\\\Sales'), or by its SID.",
  })
}

/** Names of groups have blanks and a backslash. */
function shownGroup(name: string): string {
  return /^[\w.-]{1,64}\\[\w .&()-]{1,64}$/.test(name) ? name : shownName(name)
}
