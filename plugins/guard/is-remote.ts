import { ConfigError } from '../../src/config/config-error.ts'

/**
 * Whether the options are those of a remote part. An `issuer` that is present and undefined comes from an unset variable: it is refused,
 * because the part would otherwise open a database of its own.
 * @throws ConfigError
 */
export function isRemote<Options extends { issuer: string }> (options: Options | object): options is Options {
  if (!('issuer' in options)) return false
  if (typeof options.issuer !== 'string' || options.issuer === '') {
    throw new ConfigError([{
      name: 'issuer',
      message: 'must be a URL such as https://id.example.com; leave it out where the server itself runs'
    }])
  }
  return true
}
