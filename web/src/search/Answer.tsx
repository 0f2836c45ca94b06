// The sentences of an answer with their citations and support marks. Over or focused on, a mark shows the
// quote; pressed, it opens the passage beside the answer; left and right go from mark to mark.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { WarningIcon } from '../components/icons';
import type { Passage, Sentence } from './api';
import { blocksOf, byPassage, styled, withoutMarks, type CitedPassage, type Styled } from './sentences';
import { hideHover, showHover } from './Hover';
import { headingsBelow } from './places';
import { showPassage } from './state';
import { l } from './texts';

function Words({ text }: { text: string }) {
  const show = ({ style, text: words }: Styled, key: number) =>
    style === 'strong' ? <strong key={key}>{words}</strong> : style === 'code' ? <code key={key}>{words}</code> : words;
  return <>{styled(text).map(show)}</>;
}

interface Hovering {
  onPointerEnter: (event: PointerEvent) => void;
  onPointerLeave: () => void;
  onFocus: (event: FocusEvent) => void;
  onBlur: () => void;
}

/** A finger presses; it does not hover. */
function hovering(content: () => ComponentChildren): Hovering {
  return {
    onPointerEnter: (event) => event.pointerType !== 'touch' && showHover(event.currentTarget as HTMLElement, content()),
    onPointerLeave: () => hideHover(),
    onFocus: (event) => {
      const mark = event.currentTarget as HTMLElement;
      if (mark.matches(':focus-visible')) showHover(mark, content(), true);
    },
    onBlur: () => hideHover(true),
  };
}

function Quote({ passage, cited }: { passage: Passage; cited: CitedPassage }) {
  const headings = headingsBelow(passage);
  return (
    <>
      <strong class="hover-title">{passage.title}</strong>
      {headings.length > 0 && <span class="hover-place">{headings.join(' › ')}</span>}
      {cited.citations.slice(0, 2).map(({ quote, begin }) => (
        <q key={begin} lang={passage.language && passage.language !== 'code' ? passage.language : ''}>
          {quote}
        </q>
      ))}
    </>
  );
}

function CitationMark({ cited, passages }: { cited: CitedPassage; passages: readonly Passage[] }) {
  const passage = passages.find(({ n }) => n === cited.n);
  if (!passage) return null;
  return (
    <button
      type="button"
      class="cite"
      data-mark
      aria-label={l('openPassage', { n: cited.n, title: passage.title })}
      {...hovering(() => <Quote passage={passage} cited={cited} />)}
      onClick={() => {
        hideHover(true);
        showPassage({ passages, passage, citations: cited.citations });
      }}
    >
      {cited.n}
    </button>
  );
}

function noteOn({ support, other_language }: Sentence): string {
  if (support === 'unsupported') return l('unsupportedNote');
  return l(other_language ? 'acrossNote' : 'partlyNote');
}

function SupportMark({ support, note }: { support: 'partly' | 'unsupported'; note: string }) {
  const hover = (
    <>
      <strong class="hover-title">{l(support)}</strong>
      <span>{note}</span>
    </>
  );
  return (
    <button
      type="button"
      class={`support-mark ${support}`}
      data-mark
      aria-label={`${l(support)}. ${note}`}
      {...hovering(() => hover)}
      onClick={(event) => showHover(event.currentTarget, hover, true)}
    >
      <WarningIcon />
      <span>{l(support)}</span>
    </button>
  );
}

function SentenceView({ sentence, passages }: { sentence: Sentence; passages: readonly Passage[] }) {
  const text = withoutMarks(sentence);
  const lead = /^\s+/.test(text) ? ' ' : '';
  const [said, ...announced] = text.trim().split('\n');
  return (
    <>
      {lead}
      <span class={`sentence ${sentence.support}`}>
        <Words text={said!} />
      </span>
      {byPassage(sentence.citations).map((cited) => (
        <CitationMark key={cited.n} cited={cited} passages={passages} />
      ))}
      {sentence.support !== 'supported' && <SupportMark support={sentence.support} note={noteOn(sentence)} />}
      {announced.length > 0 && <span class="sentence announced">{announced.join('\n')}</span>}
    </>
  );
}

interface Props {
  sentences: readonly Sentence[];
  passages: readonly Passage[];
  growing: boolean;
}

export function Answer({ sentences, passages, growing }: Props) {
  const root = useRef<HTMLDivElement>(null);
  if (!sentences.length) return null;

  function onKey(event: KeyboardEvent) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const marks = [...root.current!.querySelectorAll<HTMLElement>('[data-mark]')];
    const next = marks[marks.indexOf(event.target as HTMLElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  const items = (parts: Sentence[]) => parts.map((sentence, at) => <SentenceView key={at} sentence={sentence} passages={passages} />);
  return (
    <div ref={root} class={`sentences${growing ? ' growing' : ''}`} onKeyDown={onKey}>
      {blocksOf(sentences).map((block, at) =>
        block.kind === 'list' ? (
          <ul key={at} dir="auto">
            {block.items.map((item, index) => (
              <li key={index}>{items(item)}</li>
            ))}
          </ul>
        ) : (
          <p key={at} dir="auto">
            {items(block.items[0]!)}
          </p>
        ),
      )}
    </div>
  );
}
