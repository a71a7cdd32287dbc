import { direction } from './format.ts'
import type { FormErrors, Html, Page } from './page.ts'
import { attr, shown } from './untrusted.ts'

type LayoutProps = {
  children?: Html.Children
  page: Page
  /** The document title; the `h1` is among the children. */
  title: string
  errors?: FormErrors | undefined
  wide?: boolean | undefined
  /** Path of a script. */
  script?: string | undefined
}

/** The frame of every page, without inline styles or scripts and without resources of other sites. */
export function Layout ({ page, title, errors, wide, script, children }: LayoutProps): Html {
  const { brand, texts, locale } = page
  return (
    <html lang={attr(locale)} dir={direction(locale)}>
      <head>
        <meta charset='utf-8' />
        <title safe>{(hasErrors(errors) ? texts.form.errorPrefix : '') + `${title} · ${brand.name}`}</title>
        <meta name='viewport' content='width=device-width, initial-scale=1' />
        <meta name='color-scheme' content='light dark' />
        <meta name='robots' content='noindex' />
        <link rel='stylesheet' href={attr(brand.stylesheet.path)} />
        <link rel='icon' href={attr(brand.logo ?? 'data:,')} />
        {script !== undefined && <script src={attr(script)} defer />}
      </head>
      <body>
        <div class={['page', wide && 'wide']}>
          <header class='brand'>
            {brand.logo !== null && <img src={attr(brand.logo)} alt='' />}
            <span safe>{shown(brand.name)}</span>
          </header>
          <main>{children}</main>
        </div>
      </body>
    </html>
  )
}

/** The text of a page. Pages contain no promises, so rendering is synchronous. */
export function renderPage (page: Html): string {
  if (typeof page !== 'string') throw new TypeError('A page must be rendered synchronously: a component returned a promise')
  return `<!DOCTYPE html>${page}`
}

function hasErrors (errors: FormErrors | undefined): boolean {
  return (errors?.form?.length ?? 0) > 0 || Object.values(errors?.fields ?? {}).some((messages) => messages.length > 0)
}
