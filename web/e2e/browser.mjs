// What every end-to-end test needs: the service (the mock, or the real one at PIONEER_URL), a browser, and
// pages that fail on errors in the console and on any request to another origin.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { startMock } from './mock-server.mjs';

const kArguments = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
export const kDesktop = { width: 1280, height: 800 };
export const kPhone = { width: 390, height: 844 };
export const real = process.env.PIONEER_URL ?? '';

export const startService = async (options) =>
  real ? { url: real.replace(/\/$/, ''), close: async () => {} } : startMock(options);

export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kArguments });

// Of the tests of one file, while they run.
export let service;
export let browser;

/** Starts both before a file's tests and ends them behind. */
export function setUp(start = startService) {
  before(async () => {
    service = await start();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await service?.close();
  });
}

/** A page of a new visitor; `page.problems` collects what must not happen. */
export async function visit(browser, url, { hash = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: kDesktop, locale: 'en-US', colorScheme: 'light', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.problems = [];
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (!['data:', 'blob:'].includes(target.protocol) && target.origin !== new URL(url).origin) {
      page.problems.push(`request to ${target.origin}`);
    }
  });
  page.on('pageerror', (error) => page.problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const expected = /Failed to load resource/.test(message.text()); // tests of failures cause these
    if (message.type() === 'error' && !expected) page.problems.push(`console: ${message.text()}`);
  });
  await page.goto(`${url}/${hash}`);
  const pages = { '#/lab': '.lab-main', '#/library': '.library-main' };
  const own = Object.keys(pages).find((name) => hash.startsWith(name));
  const ready = own ? page.locator(pages[own]) : page.getByRole('textbox').first();
  await ready.waitFor({ state: 'attached' });
  return page;
}

export async function leave(page) {
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

export const composer = (page) => page.locator('#message');
export const answers = (page) => page.locator('article.answer');
export const questions = (page) => page.locator('article.question');

export async function ask(page, text) {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** Waits until no answer is being written and `count` of them are shown. */
export async function settled(page, count) {
  await page.waitForFunction(
    (wanted) => {
      const shown = [...document.querySelectorAll('article.answer')];
      const open = document.querySelector('.send.stop, .waiting, article[aria-busy=true]');
      return shown.length === wanted && !open;
    },
    count,
    { timeout: 60_000 },
  );
}

export async function openMenuOf(page, row) {
  await row.hover();
  await row.locator('.row-menu').click();
}
