// The messages of a chat. The view follows a growing answer until the reader scrolls up; then a button
// leads back.
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { ComponentType, RefObject } from 'preact';
import { t } from '../i18n';
import type { ChatSession } from '../state/session';
import { AnswerView, type AnswerProps } from './AnswerView';
import { ArrowDownIcon } from './icons';
import { PendingView, QuestionView } from './QuestionView';

const kNearEnd = 60; // pixels

/** Keeps `scroller` at its end while `following`; scrolling up switches that off, reaching the end on. */
function useFollow(scroller: RefObject<HTMLDivElement>, content: RefObject<HTMLDivElement>, following: Signal<boolean>) {
  useLayoutEffect(() => {
    const view = scroller.current!;
    let lastTop = view.scrollTop;
    const toEnd = () => {
      if (!following.peek()) return;
      view.scrollTop = view.scrollHeight;
      lastTop = view.scrollTop;
    };
    const onScroll = () => {
      const nearEnd = view.scrollHeight - view.scrollTop - view.clientHeight < kNearEnd;
      if (nearEnd) following.value = true;
      else if (view.scrollTop < lastTop - 2) following.value = false;
      lastTop = view.scrollTop;
    };
    const sizes = new ResizeObserver(toEnd);
    sizes.observe(content.current!);
    sizes.observe(view);
    // What the reader opens or closes stays under the pointer; only what still grows is followed.
    const onFold = (event: MouseEvent) => {
      if ((event.target as Element).closest('[data-fold=still]')) following.value = false;
    };
    view.addEventListener('scroll', onScroll, { passive: true });
    view.addEventListener('click', onFold, { capture: true });
    toEnd();
    return () => {
      sizes.disconnect();
      view.removeEventListener('scroll', onScroll);
      view.removeEventListener('click', onFold, { capture: true });
    };
  }, []);
}

interface Props {
  session: ChatSession;
  /** How an answer is shown, where it is more than text. */
  Answer?: ComponentType<AnswerProps>;
}

export function Thread({ session, Answer = AnswerView }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useSignal(true);
  useFollow(scroller, content, following);

  const pending = session.pending.value;
  const generation = session.generation.value;
  useEffect(() => {
    if (!pending && !generation) return;
    following.value = true;
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [pending?.question, generation?.message_id]);

  // A question asked below an earlier message hides what came after that message.
  let path = session.path.value;
  if (pending) {
    const parent = path.findIndex((message) => message.id === pending.question.parent_id);
    path = path.slice(0, parent + 1);
  }
  return (
    <div class="thread-frame">
      <div class="thread" ref={scroller} tabIndex={-1}>
        <div class="messages" ref={content}>
          {path.map((message, index) =>
            message.role === 'user' ? (
              <QuestionView key={message.id} message={message} session={session} />
            ) : (
              <Answer
                key={message.id}
                message={message}
                session={session}
                generation={generation?.message_id === message.id ? generation : null}
                last={index === path.length - 1}
              />
            ),
          )}
          {pending && <PendingView pending={pending} session={session} />}
        </div>
      </div>
      {!following.value && (
        <button
          type="button"
          class="jump"
          onClick={() => {
            following.value = true;
            const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
            scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: calm ? 'auto' : 'smooth' });
          }}
        >
          <ArrowDownIcon />
          {t('jumpToLatest')}
        </button>
      )}
    </div>
  );
}
