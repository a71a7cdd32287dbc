import { renderAccountPage, type AccountFrame } from './account-frame.tsx'
import { localHref } from './untrusted.ts'

/** `links.export` downloads everything that is held about the user; `links.delete` asks whether to delete the account. */
export type AccountDataModel = AccountFrame & { links: { export: string, delete: string } }

export function accountDataPage (model: AccountDataModel): string {
  const { texts: { data: t }, links } = model
  return renderAccountPage({
    model, title: t.title, labels: [],
    children: (
      <>
        <section aria-labelledby='export'>
          <h2 id='export' safe>{t.export}</h2>
          <p class='quiet' safe>{t.exportHint}</p>
          <p><a class='button' href={localHref(links.export)} safe>{t.download}</a></p>
        </section>
        <section aria-labelledby='delete'>
          <h2 id='delete' safe>{t.delete}</h2>
          <p class='quiet' safe>{t.deleteHint}</p>
          <p><a class='button' href={localHref(links.delete)} safe>{t.deleteLink}</a></p>
        </section>
      </>
    )
  })
}
