// The passages that an answer is made from, as cards: what document, where in it, how old.
import type { Passage } from './api';
import { headingsBelow, placeOf } from './places';
import { showPassage } from './state';
import { day, foreign, l, line } from './texts';

const kFirst = 3;

function Card({ passage, passages, isCited, withText }: { passage: Passage; passages: readonly Passage[]; isCited: boolean; withText: boolean }) {
  const { n, title, page, dated_at, language, uri, text } = passage;
  const headings = headingsBelow(passage);
  const site = placeOf(uri);
  const facts = [site === title ? '' : site, page ? l('page', { n: page }) : '', dated_at ? day(dated_at) : '', foreign(language)];
  return (
    <li>
      <button
        type="button"
        class={`source-card${isCited ? '' : ' uncited'}`}
        onClick={() => showPassage({ passages, passage, citations: [] })}
      >
        <span class="source-title">
          <b>{n}</b>
          <span dir="auto">{title}</span>
        </span>
        {headings.length > 0 && (
          <span class="source-headings" dir="auto">
            {headings.join(' › ')}
          </span>
        )}
        {withText && (
          <span class="source-text" dir="auto">
            {text}
          </span>
        )}
        <span class="source-facts">
          {line(facts)}
          {!isCited && <span class="visually-hidden"> ({l('notCited')})</span>}
        </span>
      </button>
    </li>
  );
}

interface Props {
  passages: readonly Passage[];
  /** Null while that is not known yet. */
  cited: Set<number> | null;
  /** Nothing answers the question: these only come near. */
  nearest: boolean;
  all: boolean;
  toggle: () => void;
}

export function SourceCards({ passages, cited, nearest, all, toggle }: Props) {
  const isCited = ({ n }: Passage) => cited === null || nearest || cited.has(n);
  const shown = all ? passages : passages.slice(0, kFirst);
  return (
    <section class={`sources${nearest ? ' nearest' : ''}`} aria-label={l(nearest ? 'nearest' : 'sources')}>
      <ul data-fold="still">
        {shown.map((passage) => (
          <Card key={passage.n} passage={passage} passages={passages} isCited={isCited(passage)} withText={nearest} />
        ))}
      </ul>
      {passages.length > kFirst && (
        <button type="button" class="button quiet small" data-fold="still" aria-expanded={all} onClick={toggle}>
          {all ? l('showFewer') : l('showAll', { n: passages.length })}
        </button>
      )}
    </section>
  );
}
