// How fast a source is being read, from the last seconds of what the live stream said.
import type { Job } from './api';

const kWindow_ms = 12_000;
const kLeast_ms = 1500;

interface Sample {
  at: number;
  items: number;
  bytes: number;
}

export interface Speed {
  itemsPerSecond: number;
  bytesPerSecond: number;
}

export class Speedometer {
  private samples: Sample[] = [];
  private job = 0;

  take(job: Job, now: number) {
    const last = this.samples.at(-1);
    if (this.job !== job.created_at || (last && job.items_done < last.items)) this.samples = [];
    this.job = job.created_at;
    this.samples.push({ at: now, items: job.items_done, bytes: job.bytes_read });
    while (this.samples.length > 2 && this.samples[1]!.at < now - kWindow_ms) this.samples.shift();
  }

  /** Null until it is known. */
  get speed(): Speed | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.at - first.at < kLeast_ms) return null;
    const seconds = (last.at - first.at) / 1000;
    return { itemsPerSecond: (last.items - first.items) / seconds, bytesPerSecond: (last.bytes - first.bytes) / seconds };
  }
}
