import { Layout, renderPage } from './layout.tsx'
import type { Page } from './page.ts'
import { Heading, Links, type LinkItem } from './parts.tsx'
import { shown } from './untrusted.ts'

/** What went wrong and what to do: spread one of `texts.errors`, or own texts. `correlationId` identifies the request in the log. */
export type ErrorModel = Page & {
  title: string
  message: string
  advice?: string | undefined
  /** For the app's developers, in English. */
  detail?: string | undefined
  correlationId?: string | undefined
  links?: readonly LinkItem[] | undefined
}

export function errorPage (model: ErrorModel): string {
  const { texts, title, message, advice, detail, correlationId, links = [] } = model
  return renderPage(
    <Layout page={model} title={title}>
      <div>
        <Heading text={title} />
        <p class='lead' safe>{message}</p>
      </div>
      {advice !== undefined && <p safe>{advice}</p>}
      {detail !== undefined && <p class='quiet' lang='en' dir='ltr' safe>{detail}</p>}
      <Links links={links} />
      {correlationId !== undefined && (
        <p class='reference'>
          <span safe>{`${texts.errors.id}${texts.form.colon}`}</span><code dir='ltr' safe>{shown(correlationId)}</code>
        </p>
      )}
    </Layout>
  )
}
