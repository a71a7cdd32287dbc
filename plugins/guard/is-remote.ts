import { ConfigError } from '../../src/config/config-error.ts'

/**
 * Whether a part runs apart from the server. An issuer that is undefined is a variable that nobody set: without this check the part would
 * open a database of its own instead.
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
