/** Reads which files a tarball has. */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'

/** A header, and each block of a file. Source: POSIX.1-1988, ustar. */
const BLOCK = 512

/**
 * Returns the files of a tarball in their order: path, octets and a hash.
 *
 * @param {Uint8Array} tarball gzipped tar
 */
export function filesIn(tarball) {
  const tar = gunzipSync(tarball)
  const files = []
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const [name, prefix] = [text(tar, at, 100), text(tar, at + 345, 155)]
    const size = parseInt(text(tar, at + 124, 12), 8)
    if (!(size >= 0)) throw new Error(`a tarball was expected; its header at ${at} has no size`)
    const content = tar.subarray(at + BLOCK, at + BLOCK + size)
    const hash = createHash('sha256').update(content).digest('hex')
    files.push({ path: prefix === '' ? name : `${prefix}/${name}`, size, hash })
    at += BLOCK * (1 + Math.ceil(size / BLOCK))
  }
  return files
}

/** @param {Buffer} tar @param {number} at @param {number} length */
function text(tar, at, length) {
  const end = tar.indexOf(0, at)
  return tar.toString('latin1', at, end < 0 ? at + length : Math.min(end, at + length)).trim()
}

/**
 * Returns the paths whose content, or place in the order, is not the same in both; the names of the
 * tarballs' own headers if only they differ.
 *
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function differingFiles(one, other) {
  const [ours, theirs] = [filesIn(one), filesIn(other)]
  const paths = new Set([...ours, ...theirs].map(({ path }) => path))
  const hashIn = (files, path) => files.find((file) => file.path === path)?.hash
  const differing = [...paths].filter((path) => hashIn(ours, path) !== hashIn(theirs, path))
  return differing.length > 0 ? differing : ['(the order or the headers)']
}
