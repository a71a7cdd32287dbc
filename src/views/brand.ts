import { createStylesheet, type Stylesheet } from './style.css.ts'

/** What the operator can set. The logo: a path on this server, a `data:image/…` URL, or the text of an SVG. */
export type BrandOptions = { name: string, logo?: string | undefined, accent?: string | undefined, basePath?: string | undefined }

/** The look of the pages, checked once at start. `stylesheet.path` is the route that serves `stylesheet.css`. */
export type Brand = { name: string, logo: string | null, stylesheet: Stylesheet }

/** @throws TypeError when a logo or a color cannot be used */
export function createBrand ({ name, logo, accent, basePath = '' }: BrandOptions): Brand {
  return { name, logo: logo === undefined ? null : logoSource(logo), stylesheet: createStylesheet({ accent, basePath }) }
}

function logoSource (logo: string): string {
  const text = logo.trim()
  // An SVG used as an image runs no scripts and loads nothing
  if (/^(<\?xml[^>]*>\s*)?<svg[\s>]/i.test(text)) return `data:image/svg+xml;base64,${Buffer.from(withNamespace(text)).toString('base64')}`
  if (/^data:image\/(png|jpeg|gif|webp|avif|svg\+xml)[;,][^\s"<>]+$/i.test(text)) return text
  if (/^\/(?![/\\])[^\s\\]*$/.test(text)) return text
  throw new TypeError(
    `The logo ${JSON.stringify(text.slice(0, 60))} cannot be used: give a path on this server, a data:image URL, or the text of an SVG. ` +
      'The pages load nothing from other sites'
  )
}

/** The namespace is optional inline in HTML, but required in a file. */
function withNamespace (svg: string): string {
  return /\sxmlns=/.test(svg) ? svg : svg.replace(/<svg/i, '<svg xmlns="http://www.w3.org/2000/svg"')
}
