// Searching on the real service, as a new user would: add a folder, watch it being read, ask in three
// languages, open what a sentence stands on, ask further, ask for what is not there, remove the folder.
// PIONEER_PICTURES=FOLDER keeps pictures of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { answers, ask, browser, kPhone, leave, real, setUp, settled, visit } from './browser.mjs';

const skip = real ? false : 'needs the service';
const pictures = process.env.PIONEER_PICTURES ?? '';
const kTimeout = { timeout: 60_000 };
const texts = {
  'leave.md':
    '# Leave policy\n\n## Annual leave\n\nEvery employee has 25 days of paid leave a year, beside public holidays. Days that are not taken ' +
    'are carried over, but at most five, and they lapse on 31 March.\n\n## Sick leave\n\nA doctor’s certificate is needed from the fourth day on.\n',
  '대부료.md':
    '# 공유재산 대부 안내\n\n## 대부료\n\n일반재산의 연간 대부료는 재산 평정가격의 1천분의 50 이상으로 한다. 대부료는 계약을 체결할 때 미리 내야 한다.\n\n' +
    '## 대부 기간\n\n대부 기간은 토지와 그 정착물은 5년 이내로 한다.\n',
  '図書館.md':
    '# 図書館利用案内\n\n## 貸出\n\n図書は一人10冊まで、2週間借りることができます。返却期限までに一度だけ2週間延長できます。\n\n## 開館時間\n\n開館時間は午前9時30分から午後8時までです。\n',
  'broken.pdf': 'This is no PDF.',
};

let folder;
setUp(() => null);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pioneer-library-'));
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
});
after(() => rm(folder, { recursive: true, force: true }));

const picture = async (page, name) => {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
};

/** Asks, opens the first citation of the answer, and looks at what is highlighted. */
async function askAndOpen(page, question, n, quoted) {
  await ask(page, question);
  await settled(page, n);
  const answer = answers(page).nth(n - 1);
  await answer.locator('.sentence').first().waitFor();
  await answer.locator('.cite').first().click();
  await page.locator('.document mark').first().waitFor(kTimeout);
  assert.match((await page.locator('.document mark').allInnerTexts()).join(' '), quoted);
}

test('a folder becomes answers', { skip }, async () => {
  const page = await visit(browser, real, { hash: '#/library' });
  await page.getByRole('button', { name: /Add a (?:source|folder or site)/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a source' });
  await dialog.getByLabel('Folder', { exact: true }).last().fill(folder);
  await picture(page, 'library-add');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const row = page.locator('.source-row', { hasText: basename(folder) });
  await row.getByText('Up to date').waitFor(kTimeout);
  await row.getByText('1 could not be read').click();
  await row.getByText(/broken\.pdf/).waitFor();
  await row.getByText(/3\sdocuments/).waitFor();
  await picture(page, 'library');

  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await askAndOpen(page, 'How many days of paid leave does an employee have?', 1, /25 days/);
  await picture(page, 'search-en');
  await page.keyboard.press('Escape');
  await ask(page, 'When do the days that are carried over lapse?');
  await settled(page, 2);
  assert.match(await answers(page).nth(1).locator('.sentences').innerText(), /31 March/);
  await ask(page, 'Which planet has the strongest magnetic field?');
  await settled(page, 3);
  await page.getByRole('heading', { name: 'The library does not answer this' }).waitFor();
  await picture(page, 'search-nothing');
  await page.reload();
  await settled(page, 3);
  await page.locator('.cite').first().waitFor();
  await page.getByRole('link', { name: /^Search: How many days/ }).waitFor();
  await leave(page);
});

test('in Korean and in Japanese', { skip }, async () => {
  const korean = await visit(browser, real, { hash: '#/search', locale: 'ko-KR', colorScheme: 'dark' });
  await askAndOpen(korean, '일반재산의 연간 대부료는 얼마인가요?', 1, /1천분의 50/);
  await picture(korean, 'search-ko');
  await leave(korean);
  const japanese = await visit(browser, real, { hash: '#/search', locale: 'ja-JP', viewport: kPhone, isMobile: true, hasTouch: true });
  await askAndOpen(japanese, '図書は一人何冊まで借りることができますか？', 1, /10冊/);
  await picture(japanese, 'search-ja');
  await leave(japanese);
});

test('what is removed is found no more', { skip }, async () => {
  const page = await visit(browser, real, { hash: '#/library' });
  const row = page.locator('.source-row', { hasText: basename(folder) });
  await row.getByRole('button', { name: /^Actions/ }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await row.waitFor({ state: 'detached' });
  const { sources } = await page.evaluate(async () => (await fetch('/api/search/library')).json());
  assert.ok(sources.every(({ location }) => location !== folder));
  await leave(page);
});
