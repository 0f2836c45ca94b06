// What the search and the library share: the library as it was last told, and the passage that is open.
import { computed, signal } from '@preact/signals';
import { ApiError } from '../api';
import { noticeFailure, service, whenOnline } from '../state/service';
import { closeBeside } from '../state/ui';
import { searchApi, type Citation, type DocumentText, type Library, type Passage } from './api';
import { problemOf } from './failures';
import { Speedometer } from './speed';

const kReconnect_ms = 1000;

// --- the library ----------------------------------------------------------------------------------

export const library = signal<Library | null>(null);
export const libraryProblem = signal('');
export const isAdministrator = computed(() => service.value?.administrator === true);
/** By the id of the source. */
export const speeds = new Map<string, Speedometer>();

/** The add dialog is open; the start page opens it, too. */
export const adding = signal(false);

function take(found: Library) {
  const now = performance.now();
  for (const { id, job } of found.sources) {
    if (job?.state !== 'running') {
      speeds.delete(id);
      continue;
    }
    const speed = speeds.get(id) ?? new Speedometer();
    speed.take(job, now);
    speeds.set(id, speed);
  }
  libraryProblem.value = '';
  library.value = found;
  const known = service.peek();
  const search = found.passages > 0 || found.provider !== null;
  if (known && known.search !== search) service.value = { ...known, search };
}

function takeFailure(error: unknown) {
  if (!noticeFailure(error)) libraryProblem.value = problemOf(error);
}

export const refreshLibrary = () => searchApi.library().then(take, takeFailure);

/** Follows the library while its page is open. */
export function watchLibrary(): () => void {
  const stop = new AbortController();
  const follow = async () => {
    while (!stop.signal.aborted) {
      try {
        for await (const found of searchApi.live(stop.signal)) take(found);
      } catch (error) {
        if (stop.signal.aborted) return;
        takeFailure(error);
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) return;
      }
      await new Promise((resolve) => setTimeout(resolve, kReconnect_ms));
      await whenOnline();
    }
  };
  void follow();
  return () => stop.abort();
}

// --- the passage beside the answer ----------------------------------------------------------------

export interface OpenPassage {
  /** All passages of the answer, to go from one to the next. */
  passages: readonly Passage[];
  passage: Passage;
  citations: readonly Citation[];
}

export const openPassage = signal<OpenPassage | null>(null);
let openedFrom: HTMLElement | null = null;

export function showPassage(shown: OpenPassage) {
  if (!openPassage.peek()) openedFrom = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  openPassage.value = shown;
  closeBeside.value = hidePassage;
}

export function hidePassage() {
  openPassage.value = null;
  closeBeside.value = null;
  if (openedFrom?.isConnected) openedFrom.focus();
  openedFrom = null;
}

// --- documents --------------------------------------------------------------------------------------

const kKept = 8;
const documents = new Map<string, Promise<DocumentText | null>>();

/** Null when the library has it no more. */
export function documentText(id: number | string): Promise<DocumentText | null> {
  const key = String(id);
  const known = documents.get(key);
  if (known) return known;
  const asked = searchApi.document(id).catch((error: unknown) => {
    documents.delete(key);
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  });
  documents.set(key, asked);
  if (documents.size > kKept) documents.delete(documents.keys().next().value!);
  return asked;
}
