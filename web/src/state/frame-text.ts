// Text that grows many times a second but is shown at most once a frame.
import { signal } from '@preact/signals';

const kHiddenTab_ms = 250; // a hidden tab has no frames

export class FrameText {
  /** What is shown; behind `whole()` by at most one frame. */
  readonly shown = signal('');
  private text = '';
  private scheduled = false;

  append(more: string) {
    this.text += more;
    if (this.scheduled) return;
    this.scheduled = true;
    const flush = () => {
      this.scheduled = false;
      this.shown.value = this.text;
    };
    if (document.hidden) setTimeout(flush, kHiddenTab_ms);
    else requestAnimationFrame(flush);
  }

  whole(): string {
    return this.text;
  }
}
