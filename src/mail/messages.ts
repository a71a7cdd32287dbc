import { agentName } from '../account/agent-name.ts'
import { formatDate, formatMoment, formatWait } from '../views/format.ts'
import { shown } from '../views/untrusted.ts'
import type { MailModels, MailName, Words } from './models.ts'
import type { MailTexts } from './texts/en.ts'

/** What a mail consists of; text and HTML are made from it alike. */
export type Parts = {
  subject: string
  greeting: string
  lead: string
  /** In the order of their importance; the first is a button. */
  links: { text: string, url: string }[]
  code?: string | undefined
  facts: { name: string, value: string }[]
  /** Paragraphs after these. */
  notes: string[]
}

export type MailContext = { texts: MailTexts, locale: string, brand: string, words: Words }

type Build<Name extends MailName> = (model: MailModels[Name], context: MailContext) => Omit<Parts, 'greeting'>

/** The messages by name: pure functions. */
const MESSAGES: { [Name in MailName]: Build<Name> } = {
  verify: proof('verify'),
  taken: ({ loginUrl, resetUrl }, { texts: { taken: t }, brand }) => ({
    ...plain(t, brand), links: [{ text: t.button, url: loginUrl }, { text: t.reset, url: resetUrl }]
  }),
  welcome: link('welcome'),
  verified: link('verified'),
  reset: proof('reset'),
  passwordChanged: notice('passwordChanged'),
  newDevice: notice('newDevice'),
  factorAdded: (model, context) => ({
    ...notice('factorAdded')(model, context), lead: context.texts.factorAdded.lead(context.brand, factorIn(context, model.factor))
  }),
  factorRemoved: (model, context) => ({
    ...notice('factorRemoved')(model, context), lead: context.texts.factorRemoved.lead(context.brand, factorIn(context, model.factor))
  }),
  identityLinked: identity('identityLinked'),
  identityUnlinked: identity('identityUnlinked'),
  identifierChange: proof('identifierChange'),
  identifierChanged ({ attribute, at, undoUrl, expiresIn }, context) {
    const { texts: { identifierChanged: t, common, attributes }, locale, brand } = context
    return {
      ...plain(t, brand), lead: t.lead(brand, wordFor(attributes, attribute)),
      links: undoUrl === undefined ? [] : [{ text: t.button, url: undoUrl }], facts: factsOf(at, context),
      notes: undoUrl === undefined ? [] : [t.note, common.linkValid(formatWait(expiresIn, locale))]
    }
  },
  changeUndone ({ attribute, at, url }, context) {
    const { texts: { changeUndone: t, attributes }, brand } = context
    return {
      ...plain(t, brand), lead: t.lead(brand, wordFor(attributes, attribute)), links: [{ text: t.button, url }], facts: factsOf(at, context)
    }
  },
  identifierTaken: ({ loginUrl }, { texts: { identifierTaken: t }, brand }) => ({
    ...plain(t, brand), links: [{ text: t.button, url: loginUrl }]
  }),
  deletionScheduled: ({ at, restoreUrl }, { texts: { deletionScheduled: t }, locale, brand }) => ({
    ...plain(t, brand), lead: t.lead(brand, formatDate(at, locale)), links: [{ text: t.button, url: restoreUrl }]
  }),
  restored: notice('restored'),
  invitation: ({ url, expiresIn }, context) => ({
    ...link('invitation')({ url }, context),
    notes: [context.texts.common.linkValid(formatWait(expiresIn, context.locale)), context.texts.invitation.note]
  }),
  test: (_model, { texts: { test: t }, brand }) => plain(t, brand)
}

export function buildMail<Name extends MailName> (name: Name, model: MailModels[Name], context: MailContext): Parts {
  const { common } = context.texts
  const name_ = context.words.name ? shown(context.words.name) : ''
  return { greeting: name_ === '' ? common.greeting : common.greetingName(name_), ...MESSAGES[name](model, context) }
}

type Text = { subject: (brand: string) => string, lead: (brand: string, what: string) => string, note: string }

function plain ({ subject, lead, note }: Text, brand: string): Omit<Parts, 'greeting'> {
  return { subject: subject(brand), lead: lead(brand, ''), links: [], facts: [], notes: [note] }
}

function proof (name: 'verify' | 'reset' | 'identifierChange'): Build<typeof name> {
  return ({ url, code, expiresIn, codeExpiresIn = expiresIn }, { texts, locale, brand }) => {
    const { [name]: t, common } = texts
    const time = formatWait(expiresIn, locale)
    return {
      ...plain(t, brand),
      links: url === undefined ? [] : [{ text: t.button, url }],
      code,
      notes: [
        ...(url === undefined ? [] : [common.linkValid(time)]),
        ...(code === undefined ? [] : [common.codeValid(formatWait(codeExpiresIn, locale))]),
        t.note
      ]
    }
  }
}

/** With the name of the provider. */
function identity (name: 'identityLinked' | 'identityUnlinked'): Build<typeof name> {
  return (model, context) => ({ ...notice(name)(model, context), lead: context.texts[name].lead(context.brand, model.provider) })
}

type Linked = 'welcome' | 'verified' | 'invitation' | 'passwordChanged' | 'newDevice' | 'factorAdded' | 'factorRemoved' | 'identityLinked' | 'identityUnlinked' | 'restored'

function link (name: Linked) {
  return ({ url }: { url: string }, { texts: { [name]: t }, brand }: MailContext): Omit<Parts, 'greeting'> => ({
    ...plain(t, brand), links: [{ text: t.button, url }]
  })
}

function notice (name: Exclude<Linked, 'welcome' | 'verified' | 'invitation'>) {
  return ({ url, at }: { url: string, at: Date }, context: MailContext): Omit<Parts, 'greeting'> => ({
    ...link(name)({ url }, context), facts: factsOf(at, context)
  })
}

function factsOf (at: Date, { texts: { common }, locale, words: { userAgent, ip } }: MailContext): Parts['facts'] {
  const device = agentName(userAgent ?? null, common.browserOn)
  return [
    { name: common.when, value: formatMoment(at, locale) },
    ...(device ? [{ name: common.device, value: shown(device) }] : []),
    ...(ip ? [{ name: common.address, value: shown(ip) }] : [])
  ]
}

const factorIn = ({ texts }: MailContext, factor: string) => wordFor(texts.factors, factor)

function wordFor (words: Record<string, string>, name: string): string {
  return Object.hasOwn(words, name) ? words[name] ?? name : name
}
