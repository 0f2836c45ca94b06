// Where a document lives, in few words: the site or the file's name, and whether a link may be followed.
import { searchApi, type Passage } from './api';

function parsed(uri: string): URL | null {
  try {
    return new URL(uri);
  } catch {
    return null;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** "example.org", or "handbook.pdf". */
export function placeOf(uri: string): string {
  const url = parsed(uri);
  if (!url) return uri;
  if (url.protocol !== 'file:') return url.hostname.replace(/^www\./, '') || uri;
  return decoded(url.pathname.split('/').filter(Boolean).at(-1) ?? uri);
}

/** Without the title, which stands above it anyway. */
export const headingsBelow = ({ headings, title }: Passage) => (headings[0] === title ? headings.slice(1) : headings);

/** As a person would read it: "/srv/a b.pdf", "example.org/page". */
export function addressOf(uri: string): string {
  const url = parsed(uri);
  if (!url) return uri;
  if (url.protocol === 'file:') return decoded(url.pathname);
  return decoded(`${url.host}${url.pathname.replace(/\/$/, '')}${url.search}`);
}

const isPage = (url: URL | null) => url?.protocol === 'http:' || url?.protocol === 'https:';

/**
 * What a browser may open: pages as they are, files through the service, which shows them or lets them be
 * downloaded. Null for anything else: what was found names its address itself.
 */
export function openable(passage: Passage, link: string): string | null {
  const url = parsed(link.startsWith('#') ? passage.uri + link : link);
  if (isPage(url)) return url!.href;
  if (/^\/api\/search\/documents\/[^/]+\/original(?:#|$)/.test(link)) return link;
  const document = parsed(passage.uri);
  if (isPage(document)) return document!.href;
  if (document?.protocol !== 'file:' || passage.document_id === null) return null;
  const hash = url?.hash || (passage.page ? `#page=${passage.page}` : '');
  return searchApi.originalUrl(passage.document_id) + hash;
}
