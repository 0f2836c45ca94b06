// Whether the service answers, what it offers, and whether it asks for a key. When it is away the page
// stays as it is and asks again, less and less often, until it is back.
import { effect, signal } from '@preact/signals';
import { ApiError, api, type ServiceState } from '../api';

export const service = signal<ServiceState | null>(null);
export const online = signal(true);
export const loginNeeded = signal(false);

const kFirstRetry_ms = 800;
const kLongestRetry_ms = 8000;

const waiting = new Set<() => void>();
let retrying = false;

export const pause = (time_ms: number) => new Promise<void>((resolve) => setTimeout(resolve, time_ms));

/** Waits, but no longer than until the browser itself reports that the network is back. */
function pauseOrNetwork(time_ms: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      removeEventListener('online', finish);
      resolve();
    };
    const timer = setTimeout(finish, time_ms);
    addEventListener('online', finish);
  });
}

async function reachable(): Promise<boolean> {
  try {
    service.value = await api.state();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) loginNeeded.value = true;
    return error instanceof ApiError && error.status >= 400 && error.status < 500;
  }
}

async function untilReachable() {
  if (retrying) return;
  retrying = true;
  for (let delay_ms = kFirstRetry_ms; ; delay_ms = Math.min(delay_ms * 1.6, kLongestRetry_ms)) {
    await pauseOrNetwork(delay_ms);
    if (await reachable()) break;
  }
  retrying = false;
  online.value = true;
  const resumed = [...waiting];
  waiting.clear();
  for (const resume of resumed) resume();
}

/** Tells what a failed request means for the whole page; returns whether it was dealt with here. */
export function noticeFailure(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.unreachable) {
    online.value = false;
    void untilReachable();
    return true;
  }
  if (error.status === 401) {
    loginNeeded.value = true;
    return true;
  }
  return false;
}

/** Resolves once the service answers (at once when it does). */
export function whenOnline(): Promise<void> {
  if (online.peek()) return Promise.resolve();
  return new Promise((resolve) => waiting.add(resolve));
}

/** Loads what the service offers, however long that takes; false when a key is needed first. */
export async function connect(): Promise<boolean> {
  for (;;) {
    try {
      service.value = await api.state();
      return true;
    } catch (error) {
      noticeFailure(error);
      if (error instanceof ApiError && !error.unreachable && error.status < 500) return false;
      online.value = false;
      void untilReachable();
      await whenOnline();
    }
  }
}

const kLoading_ms = 1500;

/** What a model can is known once it has been loaded: asks again until the models on the page are known. */
export function refreshModel(id: string | null) {
  const model = service.peek()?.models.find((known) => known.id === id);
  if (!model || model.state === 'loaded') return;
  api.state().then((state) => (service.value = state), noticeFailure);
}

effect(() => {
  if (!service.value?.models.some((model) => model.state === 'loading')) return;
  const timer = setTimeout(() => {
    api.state().then((state) => (service.value = state), noticeFailure);
  }, kLoading_ms);
  return () => clearTimeout(timer);
});

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
