import { ConfigurationError } from '@s4u/krb5'

/**
 * What an access check is about, if the object has parts: the class, property sets below it, and
 * properties below those.
 */
export interface ObjectType {
  /** The GUID of the part: `bf967aba-0de6-11d0-a285-00aa003049e2`. */
  readonly guid: string
  readonly children?: readonly ObjectType[]
}

/** The limit of parts: more than any class has properties. */
const MAX_NODES = 10_000

/**
 * Which rights of one part are decided. The first entry that names a right decides it, and no later
 * entry changes it.
 */
export class AccessNode {
  readonly #guid: string | undefined
  readonly #children: readonly AccessNode[]
  #granted = 0
  #denied = 0

  /** @throws ConfigurationError for a wrong list of parts */
  constructor(type: ObjectType | undefined, budget: { left: number } = { left: MAX_NODES }) {
    if (--budget.left < 0) throw new ConfigurationError(`more than ${MAX_NODES} object types`)
    this.#guid = type?.guid.toLowerCase()
    this.#children = (type?.children ?? []).map((child) => new AccessNode(child, budget))
  }

  get granted(): number {
    return this.#granted
  }

  /**
   * Applies an entry to the part that it names, or to all parts. A right that is decided for all
   * parts of a node is decided for the node.
   */
  decide(kind: 'allow' | 'deny', mask: number, guid: string | undefined): void {
    if (guid === undefined || guid === this.#guid) {
      this.#decideAll(kind, mask)
      return
    }
    if (this.#children.length === 0) return
    for (const child of this.#children) child.decide(kind, mask, guid)
    const ofAll = this.#children.reduce((rights, child) => rights & child.#granted, -1)
    const ofAny = this.#children.reduce((rights, child) => rights | child.#denied, 0)
    if (kind === 'allow') this.#granted |= mask & ofAll & ~this.#denied
    else this.#denied |= mask & ofAny & ~this.#granted
  }

  #decideAll(kind: 'allow' | 'deny', mask: number): void {
    if (kind === 'allow') this.#granted |= mask & ~this.#denied
    else this.#denied |= mask & ~this.#granted
    for (const child of this.#children) child.#decideAll(kind, mask)
  }
}
