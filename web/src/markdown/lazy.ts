// The large helpers of the renderer, fetched only when an answer first needs them. Until one has arrived
// the plain text is shown; `arrived` then changes and what was rendered without it is rendered again.
import { signal } from '@preact/signals';

export type Highlight = (code: string, language: string) => string | null;
export type Formula = (tex: string, display: boolean) => string;

export const arrived = signal(0);

class Lazy<T> {
  private value: T | null = null;
  private asked = false;

  constructor(private readonly load: () => Promise<T>) {}

  get(): T | null {
    if (!this.asked) {
      this.asked = true;
      this.load().then(
        (value) => {
          this.value = value;
          arrived.value += 1;
        },
        () => {
          this.asked = false; // the service was away; the next rendering asks again
        },
      );
    }
    return this.value;
  }

  async ready(): Promise<void> {
    this.value ??= await this.load();
    this.asked = true;
  }
}

export const highlighter = new Lazy<Highlight>(async () => (await import('./highlight')).highlight);
export const formulas = new Lazy<Formula>(async () => (await import('./formulas')).formula);
