import { Form, Messages } from './form.tsx'
import { capitalise } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import { attributeWord, type AttributeField, type FormPage } from './page.ts'
import { Heading, Name } from './parts.tsx'

/** What the link of a notice leads to. Posts nothing further. `value`: what comes back; null where the change had added one. */
export type UndoModel = FormPage & { field: AttributeField, value: string | null }

export function undoPage (model: UndoModel): string {
  const { texts, errors, field, value } = model
  const t = texts.undo
  const word = capitalise(attributeWord(field, texts), model.locale)
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <div>
        <Heading text={t.title} />
        <p class='lead' safe>{t.lead}</p>
      </div>
      <Messages page={model} labels={[]} />
      <dl class='facts'>
        <div>
          <dt safe>{value === null ? t.removed : t.restored}</dt>
          <dd>{value === null ? <span safe>{word}</span> : <Name name={value} />}</dd>
        </div>
      </dl>
      <p safe>{t.effects}</p>
      <Form {...model}>
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
      <p class='quiet' safe>{t.keep}</p>
    </Layout>
  )
}
