// The passage that a citation names, within the text of its document: beside the answer on a wide screen,
// a sheet on a narrow one.
import type { ComponentChildren } from 'preact';
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ChevronLeftIcon, ChevronRightIcon, CloseIcon, OpenIcon } from '../components/icons';
import { t } from '../i18n';
import { reportFailure } from '../state/chats';
import type { DocumentText, Passage, Reason } from './api';
import { inDocument, locate, paragraphs, windowAround, type Piece, type Range } from './offsets';
import { addressOf, headingsBelow, openable } from './places';
import { linkOf } from './sentences';
import { documentText, hidePassage, showPassage, type OpenPassage } from './state';
import { day, l, languageName, line, type SearchKey } from './texts';

const kAround = 6000; // UTF-16 units shown before and after the passage
const kMore = 20_000;

const stages: Record<string, SearchKey> = {
  lexical: 'stageLexical',
  dense: 'stageDense',
  definition: 'stageDefinition',
  rerank: 'stageRerank',
  fresh: 'stageFresh',
  fused: 'stageFused',
  web: 'stageWeb',
};

const beside = matchMedia('(min-width: 64rem)');
const isBeside = signal(beside.matches);
beside.addEventListener('change', () => (isBeside.value = beside.matches));

function Why({ reasons }: { reasons: readonly Reason[] }) {
  if (!reasons.length) return null;
  return (
    <details class="why">
      <summary>{l('why')}</summary>
      <dl>
        {reasons.map((reason, at) => (
          <div key={at}>
            <dt>{stages[reason.stage] ? l(stages[reason.stage]!) : reason.stage}</dt>
            <dd>
              {[reason.rank ? l('whyRank', { n: reason.rank }) : '', reason.detail].filter(Boolean).join(' · ')}
              <span class="why-score">{reason.score.toPrecision(3)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Piece({ piece }: { piece: Piece }) {
  if (piece.kind === 'plain') return <>{piece.text}</>;
  return piece.kind === 'quote' ? <mark>{piece.text}</mark> : <span class="in-passage">{piece.text}</span>;
}

interface Laid {
  text: string;
  place: Range;
  quotes: Range[];
  /** Why it is not the whole document. */
  note: string;
}

function layOut(document: DocumentText | null, { passage, citations }: OpenPassage): Laid {
  const alone = (note: string): Laid => ({
    text: passage.text,
    place: { begin: 0, end: passage.text.length },
    quotes: citations.map(({ begin, end }) => ({ begin, end })),
    note,
  });
  if (!document) return alone(passage.source_id ? l('documentGone') : l('fromWeb'));
  const place = locate(document.text, passage.text);
  if (!place) return alone(l('documentChanged'));
  const moved = citations.map((range) => inDocument(document.text, place, passage.text, range));
  return { text: document.text, place, quotes: moved.filter((range) => range !== null), note: '' };
}

function Text({ shown, document }: { shown: OpenPassage; document: DocumentText | null }) {
  const box = useRef<HTMLDivElement>(null);
  const laid = useMemo(() => layOut(document, shown), [document, shown]);
  const [reach, setReach] = useState({ before: kAround, after: kAround });
  const window = windowAround(laid.text, laid.place, reach.before, reach.after);
  const parts = useMemo(
    () => paragraphs(laid.text, window, laid.note ? null : laid.place, laid.quotes),
    [laid, window.begin, window.end],
  );
  useLayoutEffect(() => {
    const target = box.current?.querySelector('mark, .in-passage');
    target?.scrollIntoView({ block: 'center' });
  }, [laid]);
  const isCode = shown.passage.language === 'code';
  return (
    <div ref={box} class="document" tabIndex={0} role="region" aria-label={l('passage')}>
      {laid.note && <p class="document-note">{laid.note}</p>}
      {window.begin > 0 && (
        <button type="button" class="button quiet" onClick={() => setReach({ ...reach, before: reach.before + kMore })}>
          {l('moreAbove')}
        </button>
      )}
      <div class={`document-text${isCode ? ' code-text' : ''}`} lang={isCode ? undefined : (shown.passage.language ?? '')} dir="auto">
        {parts.map((pieces, at) => (
          <p key={at}>
            {pieces.map((piece, index) => (
              <Piece key={index} piece={piece} />
            ))}
          </p>
        ))}
      </div>
      {window.end < laid.text.length && (
        <button type="button" class="button quiet" onClick={() => setReach({ ...reach, after: reach.after + kMore })}>
          {l('moreBelow')}
        </button>
      )}
    </div>
  );
}

function Neighbour({ shown, step }: { shown: OpenPassage; step: 1 | -1 }) {
  const at = shown.passages.findIndex(({ n }) => n === shown.passage.n);
  const passage = shown.passages[at + step];
  const label = l(step > 0 ? 'nextPassage' : 'previousPassage');
  return (
    <button
      type="button"
      class="icon-button small"
      aria-label={label}
      title={label}
      disabled={!passage}
      onClick={() => passage && showPassage({ ...shown, passage, citations: [] })}
    >
      {step > 0 ? <ChevronRightIcon /> : <ChevronLeftIcon />}
    </button>
  );
}

function factsOf({ uri, page, dated_at, language }: Passage): string {
  return line([addressOf(uri), page ? l('page', { n: page }) : '', dated_at ? day(dated_at) : '', language ? languageName(language) : '']);
}

/** Undefined while it is being fetched. */
function useDocument(passage: Passage): DocumentText | null | undefined {
  const [found, setFound] = useState<{ passage: Passage; document: DocumentText | null } | null>(null);
  useEffect(() => {
    let current = true;
    const keep = (document: DocumentText | null) => current && setFound({ passage, document });
    const id = passage.document_id;
    if (!passage.source_id || id === null) keep(null);
    else
      documentText(id).then(keep, (error) => {
        reportFailure(error);
        keep({ id, uri: passage.uri, title: passage.title, text: passage.text, media_type: '' });
      });
    return () => {
      current = false;
    };
  }, [passage]);
  return found?.passage.document_id === passage.document_id ? found.document : undefined;
}

function Content({ shown }: { shown: OpenPassage }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { passage, citations } = shown;
  const headings = headingsBelow(passage);
  const document = useDocument(passage);
  const link = openable(passage, linkOf(passage, citations[0]));
  useLayoutEffect(() => heading.current?.focus(), [shown]);
  return (
    <>
      <header class="passage-head">
        <div class="passage-bar">
          <b class="passage-number">{passage.n}</b>
          <Neighbour shown={shown} step={-1} />
          <Neighbour shown={shown} step={1} />
          <span class="space" />
          {link && (
            <a class="button quiet with-icon" href={link} target="_blank" rel="noopener noreferrer">
              <OpenIcon />
              {l('openOriginal')}
            </a>
          )}
          <button type="button" class="icon-button" aria-label={l('closePassage')} title={l('closePassage')} onClick={hidePassage}>
            <CloseIcon />
          </button>
        </div>
        <h2 ref={heading} tabIndex={-1} dir="auto">
          {passage.title}
        </h2>
        {headings.length > 0 && (
          <p class="passage-headings" dir="auto">
            {headings.join(' › ')}
          </p>
        )}
        <p class="passage-facts">{factsOf(passage)}</p>
        <Why reasons={passage.reasons} />
      </header>
      {document === undefined ? <p class="document-wait late">{t('loading')}</p> : <Text key={passage.n} shown={shown} document={document} />}
    </>
  );
}

function Sheet({ children }: { children: ComponentChildren }) {
  const sheet = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = sheet.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={sheet}
      class="passage-sheet"
      aria-label={l('passage')}
      onCancel={(event) => {
        event.preventDefault();
        hidePassage();
      }}
      onClick={(event) => event.target === event.currentTarget && hidePassage()}
    >
      <div class="passage">{children}</div>
    </dialog>
  );
}

export function PassagePanel({ shown }: { shown: OpenPassage }) {
  if (!isBeside.value)
    return (
      <Sheet>
        <Content shown={shown} />
      </Sheet>
    );
  return (
    <aside class="passage" aria-label={l('passage')}>
      <Content shown={shown} />
    </aside>
  );
}
