// Everybody can use it: axe finds nothing in any state, and the keyboard alone is enough.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { ask, browser, composer, kDesktop, kPhone, leave, real, service, settled, setUp, visit } from './browser.mjs';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

setUp();

async function axe(page, state) {
  // Colours in transition would be measured half-way.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.effect?.getTiming().iterations === Infinity));
  await page.evaluate(axeSource); // page.evaluate is not bound by the page's policy
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(found, [], state);
}

const settings = [
  { name: 'light desktop', colorScheme: 'light', viewport: kDesktop, locale: 'en-US' },
  { name: 'dark desktop', colorScheme: 'dark', viewport: kDesktop, locale: 'ko-KR' },
  { name: 'light phone', colorScheme: 'light', viewport: kPhone, hasTouch: true, isMobile: true, locale: 'ja-JP' },
  { name: 'dark phone', colorScheme: 'dark', viewport: kPhone, hasTouch: true, isMobile: true, locale: 'en-US' },
];

for (const { name, ...options } of settings) {
  test(`axe: ${name}`, async () => {
    const page = await visit(browser, service.url, options);
    await axe(page, 'empty');
    await ask(page, 'Show me markdown');
    await settled(page, 1);
    await page.locator('.answer .actions button').nth(1).click();
    await page.getByText('2 / 2').waitFor();
    await settled(page, 1);
    await axe(page, 'answered');
    await page.locator('.topbar .model-button').click();
    await axe(page, 'model menu');
    await page.keyboard.press('Escape');
    if (options.isMobile) {
      await page.locator('.topbar .icon-button').first().click();
      await page.waitForFunction(() => !document.querySelector('.sidebar').inert);
    }
    await page.locator('.row-menu').first().click();
    await axe(page, 'chat menu');
    await page.getByRole('menuitem').first().click();
    await axe(page, 'renaming');
    await page.keyboard.press('Escape');
    await page.locator('.foot-button').click();
    await axe(page, 'preferences');
    await page.keyboard.press('Escape');
    await page.locator('.sidebar-foot .icon-button').click();
    await axe(page, 'help');
    await page.keyboard.press('Escape');
    if (options.isMobile) await page.keyboard.press('Escape');
    await page.locator('.topbar .icon-button:has(circle[cy="6.5"])').click();
    await axe(page, 'settings');
    await page.keyboard.press('Escape');
    await page.locator('.question .actions button').nth(1).click();
    await axe(page, 'editing');
    await page.keyboard.press('Escape');
    if (!options.isMobile) {
      await page.locator('.row-menu').first().click();
      await page.getByRole('menuitem').last().click();
      await page.locator('.toast').waitFor();
      await axe(page, 'toast');
    }
    await leave(page);
  });
}

for (const { name, ...options } of settings) {
  test(`axe: thoughts and tools, ${name}`, real ? { skip: 'needs the mock\'s answers' } : {}, async () => {
    const page = await visit(browser, service.url, options);
    await page.locator('.topbar .model-button').click();
    await page.getByRole('menuitemradio', { name: /thinker/ }).click();
    await axe(page, 'switch on');
    const toggle = page.locator('.composer-switch', { hasText: /^(?:Think|생각|思考)/ });
    await toggle.click();
    await axe(page, 'switch off');
    await toggle.click();
    await ask(page, 'a slow long thought');
    await page.locator('.glimpse', { hasText: /Step/ }).waitFor();
    await axe(page, 'thinking');
    await page.locator('.thoughts-head').click();
    await axe(page, 'thinking, open');
    await page.locator('.send.stop').click();
    await settled(page, 1);
    await ask(page, 'think, and also call a tool');
    await settled(page, 2);
    await page.locator('.thoughts-head').last().click();
    await page.locator('.thoughts-body .hljs-keyword').first().waitFor();
    await axe(page, 'thoughts and calls');
    await page.locator('.tool-call-head').first().click();
    await axe(page, 'calls folded');
    await leave(page);
  });
}

test('the keyboard alone', async () => {
  const page = await visit(browser, service.url);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
  assert.equal(await focused(), 'Your message');
  await page.keyboard.type('Hello keyboard');
  await page.keyboard.press('Enter');
  await settled(page, 1);

  // The help, from outside a text box.
  await page.keyboard.press('Tab');
  await page.locator('.topbar .model-button').focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.match(await focused(), /^Model/);

  // A menu: arrows, end, Escape, and back to its button.
  await page.keyboard.press('ArrowDown');
  await page.getByRole('menuitemradio').first().waitFor();
  await page.keyboard.press('End');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'menuitemradio');
  await page.keyboard.press('Escape');
  assert.match(await focused(), /^Model/);

  // Rename through the menu of the chat.
  await page.locator('.row-menu').first().focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Name of the chat' }).waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Renamed');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Renamed' }).waitFor();

  await page.keyboard.press('Control+K');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Search chats');
  await page.keyboard.press('Control+Shift+O');
  await page.locator('.welcome').waitFor();
  await page.waitForFunction(() => document.activeElement?.id === 'message');

  // Focus is always visible.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none');
  await leave(page);
});

test('answers are announced whole, politely', async () => {
  const page = await visit(browser, service.url);
  await page.evaluate(() => {
    globalThis.heard = [];
    const region = [...document.querySelectorAll('[role=status]')].at(-1);
    new MutationObserver(() => globalThis.heard.push(region.textContent)).observe(region, {
      childList: true, characterData: true, subtree: true,
    });
  });
  await ask(page, 'Hello there');
  await settled(page, 1);
  await page.waitForFunction(() => globalThis.heard.some((text) => text.startsWith('Answer: ')));
  assert.ok((await page.evaluate(() => globalThis.heard.length)) <= 3);
  await leave(page);
});

test('calm for those who asked for it', async () => {
  const page = await visit(browser, service.url, { reducedMotion: 'reduce', forcedColors: 'active' });
  await ask(page, 'Hello there');
  await settled(page, 1);
  const running = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length);
  assert.equal(running, 0);
  assert.ok(await composer(page).isVisible());
  await leave(page);
});
