import { ConfigurationError } from '@s4u/krb5'
import type { SignInSite } from '@s4u/negotiate'
import type { AskedDirectory, MappingDirectory } from './directory-owner.js'

type Source = NonNullable<SignInSite['directory']>

/** Returns the directory of a negotiator, which is opened at the first question. */
export function directoryOfSite(source: Source): AskedDirectory {
  return {
    search: (...options) => ({
      async all() {
        return (await searchableOf(source)).search(...options).all()
      },
    }),
    async account(...options) {
      return (await searchableOf(source)).account(...options)
    },
  }
}

/**
 * Resolves to the directory of a negotiator, which need only know names of groups.
 * @throws ConfigurationError for one that cannot be searched
 */
export async function searchableOf(source: Source): Promise<MappingDirectory> {
  const directory: object = await source()
  if (isSearchable(directory)) return directory
  throw new ConfigurationError('certificate: the directory of this negotiator cannot be searched', {
    hint: 'Write negotiate({ directory: true }), or give what openDirectory of @s4u/directory returns.',
  })
}

function isSearchable(directory: object): directory is MappingDirectory {
  return 'search' in directory && typeof directory.search === 'function' && 'account' in directory
}
