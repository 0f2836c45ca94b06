// What failed, in the visitor's language where the service says it by a code, with the service's own
// words behind it.
import { ApiError } from '../api';
import { messageOf, noticeFailure } from '../state/service';
import { showToast } from '../state/ui';
import { has, l, type SearchKey } from './texts';

/** "It is not there. (https://a.example answers 404)" */
export function failureOf(code: string | null | undefined, message: string): string {
  const key = `failure_${code ?? ''}`;
  if (!has(key)) return message;
  const text = l(key as SearchKey);
  return message ? `${text} (${message})` : text;
}

/** Of a request that failed. */
export const problemOf = (error: unknown) => failureOf(error instanceof ApiError ? error.code : null, messageOf(error));

export function reportProblem(error: unknown) {
  if (!noticeFailure(error)) showToast(l('didNotWork', { message: problemOf(error) }));
}
