import type { SocialServices } from '../../src/compose/social.ts'
import type { Provider } from '../../src/social/ports.ts'
import type { LinkItem } from '../../src/views/parts.tsx'
import { redirectPath } from '../../src/social/domains.ts'
import type { Kit } from './kit.ts'

type Target = { returnTo: string | null, uiLocales?: string | undefined, prompt?: 'login' | undefined }

/** Buttons that lead to providers. @param text of a button, from the name of the provider */
export function providerLinks (
  kit: Kit, { providers }: Pick<SocialServices, 'providers'>, text: (provider: string) => string, { returnTo, uiLocales, prompt }: Target,
  isOffered: (provider: Provider) => boolean = () => true
): LinkItem[] {
  return [...providers.values()].filter(isOffered).map(({ name, label }) => ({
    href: kit.link(redirectPath(name), { return_to: returnTo ?? undefined, ui_locales: uiLocales, prompt }), text: text(label)
  }))
}
