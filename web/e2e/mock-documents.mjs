// The mock's library: a few invented documents in three languages, and what it answers from them. The words
// of a question choose the answer; what is not listed is not in the library.
const day = (text) => new Date(`${text}T09:00:00Z`).getTime();

/** `sections` are passages: headings above, a page where there are pages, and the text. */
export const documents = [
  {
    id: 11,
    source_id: 'handbook',
    uri: 'file:///srv/handbook/leave%20policy.md',
    title: 'Leave policy',
    language: 'en',
    media_type: 'text/markdown',
    dated_at: day('2026-02-03'),
    sections: [
      {
        headings: ['Leave policy', 'Annual leave'],
        text:
          'Every employee has 25 days of paid leave a year, beside public holidays. Days that are not taken by 31 December are carried over, ' +
          'but at most five, and they lapse on 31 March. Leave is requested at least two weeks ahead in the staff portal; ' +
          'your lead answers within three working days.',
      },
      {
        headings: ['Leave policy', 'Sick leave'],
        text:
          'Who falls ill tells their lead before ten o’clock on the first day. A doctor’s certificate is needed from the fourth day on. ' +
          'Pay goes on for six weeks; after that the health insurance takes over.',
      },
      {
        headings: ['Leave policy', 'Parental leave'],
        text:
          'Parents may take up to three years for each child. Leave is announced seven weeks before it begins, and working part-time ' +
          'meanwhile is possible. Your place is kept.',
      },
    ],
  },
  {
    id: 12,
    source_id: 'handbook',
    uri: 'file:///srv/handbook/travel.pdf',
    title: 'Travel expenses 2026',
    language: 'en',
    media_type: 'application/pdf',
    dated_at: day('2025-12-15'),
    sections: [
      {
        headings: ['Travel', 'Trains and flights'],
        page: 3,
        text:
          'Journeys of less than five hours are made by train, second class. Flights are booked only where the train would take longer, ' +
          'and in economy. First class needs the approval of the department.',
      },
      {
        headings: ['Travel', 'Hotels'],
        page: 4,
        text:
          'Hotels are paid up to 120 euros a night, breakfast included; in Paris, London and Zurich up to 180 euros. ' +
          'Receipts are handed in within 30 days after the journey.',
      },
    ],
  },
  {
    id: 21,
    source_id: 'city',
    uri: 'https://www.haneul.example/property/rent.html',
    title: '공유재산 대부 안내',
    language: 'ko',
    media_type: 'text/html',
    dated_at: day('2026-04-20'),
    sections: [
      {
        headings: ['공유재산 대부 안내', '대부료'],
        text:
          '일반재산의 연간 대부료는 재산 평정가격의 1천분의 50 이상으로 한다. 다만 경작용으로 대부하는 경우에는 1천분의 10 이상으로 할 수 있다. ' +
          '대부료는 계약을 체결할 때 전액을 미리 내야 하며, 100만 원을 넘으면 한 해에 네 번까지 나누어 낼 수 있다.',
      },
      {
        headings: ['공유재산 대부 안내', '대부 기간'],
        text:
          '대부 기간은 토지와 그 정착물은 5년 이내, 그 밖의 재산은 1년 이내로 한다. 기간이 끝나기 한 달 전까지 갱신을 신청할 수 있으며, ' +
          '갱신 기간은 처음 기간을 넘을 수 없다.',
      },
      {
        headings: ['공유재산 대부 안내', '신청 방법'],
        text: '대부 신청서와 사업 계획서를 재산관리과에 내면 된다. 처리 기간은 접수한 날부터 14일이며, 결과는 문서로 알린다.',
      },
    ],
  },
  {
    id: 31,
    source_id: 'library-ja',
    uri: 'https://www.aozora-library.example/guide/',
    title: '図書館利用案内',
    language: 'ja',
    media_type: 'text/html',
    dated_at: day('2026-03-01'),
    sections: [
      {
        headings: ['図書館利用案内', '貸出'],
        text:
          '図書は一人10冊まで、2週間借りることができます。次の予約が入っていなければ、返却期限までに一度だけ2週間延長できます。' +
          '延長は窓口、電話、ウェブサイトで受け付けます。',
      },
      {
        headings: ['図書館利用案内', '開館時間'],
        text: '開館時間は火曜日から金曜日が午前9時30分から午後8時まで、土曜日と日曜日が午後5時までです。月曜日は休館します。',
      },
      {
        headings: ['図書館利用案内', '利用登録'],
        text: '市内に住む方、通勤または通学する方はどなたでも登録できます。本人と住所を確認できるものをお持ちください。',
      },
    ],
  },
];

/** The text as it was indexed. */
export const textOf = ({ sections }) =>
  sections.map(({ headings, text }) => `${headings.at(-1)}\n\n${text}`).join('\n\n');

const said = (text, document, section, quote, support = 'supported') => ({ text, support, cites: quote ? [{ document, section, quote }] : [] });

export const answers = [
  {
    match: /유급 휴가/,
    queries: ['유급 휴가 일수', 'days of paid leave'],
    sentences: [
      { ...said('직원은 한 해에 25일의 유급 휴가를 받습니다.', 11, 0, 'Every employee has 25 days of paid leave a year, beside public holidays.', 'partly'), other_language: true },
    ],
    follow_ups: [],
  },
  {
    match: /carry|carried|lapse|how many days of them/i,
    standalone: 'How many days of annual leave can be carried over to the next year?',
    queries: ['carry over annual leave days', 'leave days lapse next year'],
    sentences: [
      said('At most five days are carried over.', 11, 0, 'Days that are not taken by 31 December are carried over, but at most five'),
      said(' They lapse on 31 March.', 11, 0, 'they lapse on 31 March'),
    ],
    follow_ups: ['How do I request leave?'],
  },
  {
    match: /leave|vacation|holiday/i,
    queries: ['annual leave entitlement', 'days of paid leave', 'request leave'],
    sentences: [
      said('Every employee has **25 days** of paid leave a year, beside public holidays.', 11, 0, 'Every employee has 25 days of paid leave a year, beside public holidays.'),
      said(' At most five days that are not taken are carried over, and they lapse on 31 March.', 11, 0, 'Days that are not taken by 31 December are carried over, but at most five, and they lapse on 31 March.'),
      said(' Leave is requested in the staff portal, two weeks ahead, and approved by the department.', 11, 0, 'Leave is requested at least two weeks ahead in the staff portal', 'partly'),
      {
        text: '\n\nOther kinds of leave have rules of their own: parents may take up to three years for each child, and sick leave needs a certificate from the fourth day on.',
        support: 'supported',
        cites: [
          { document: 11, section: 2, quote: 'Parents may take up to three years for each child.' },
          { document: 11, section: 1, quote: 'A doctor’s certificate is needed from the fourth day on.' },
        ],
      },
      said(' Unused leave is paid out when you resign.', 11, 0, '', 'unsupported'),
    ],
    follow_ups: ['How many days can be carried over?', 'What if I fall ill during my leave?', 'When is parental leave announced?'],
  },
  {
    match: /receipts/i,
    queries: ['travel expenses receipts'],
    sentences: [
      said('These are paid:\nHotels up to 120 euros a night\n  in Paris up to 180 euros', 12, 1, 'Hotels are paid up to 120 euros a night, breakfast included'),
      said('\nHand in the receipts within 30 days.', 12, 1, 'Receipts are handed in within 30 days after the journey.'),
    ],
    follow_ups: [],
  },
  {
    match: /hotel|travel|train/i,
    queries: ['hotel price limit', 'travel expenses receipts'],
    sentences: [
      said('Hotels are paid up to 120 euros a night, breakfast included.', 12, 1, 'Hotels are paid up to 120 euros a night, breakfast included'),
      said(' In Paris, London and Zurich it is 180 euros.', 12, 1, 'in Paris, London and Zurich up to 180 euros'),
      said(' Hand in the receipts within 30 days.', 12, 1, 'Receipts are handed in within 30 days after the journey.'),
    ],
    follow_ups: ['May I fly?'],
  },
  {
    match: /갱신|연장/,
    standalone: '공유재산 대부 기간은 어떻게 갱신하나요?',
    queries: ['대부 기간 갱신 신청'],
    sentences: [
      said('기간이 끝나기 한 달 전까지 갱신을 신청할 수 있습니다.', 21, 1, '기간이 끝나기 한 달 전까지 갱신을 신청할 수 있으며'),
      said(' 갱신 기간은 처음 기간을 넘을 수 없습니다.', 21, 1, '갱신 기간은 처음 기간을 넘을 수 없다.'),
    ],
    follow_ups: ['신청서는 어디에 내나요?'],
  },
  {
    match: /대부료|대부|임대/,
    queries: ['공유재산 대부료 산정', '일반재산 연간 대부료 요율'],
    sentences: [
      said('일반재산의 연간 대부료는 재산 평정가격의 **1천분의 50 이상**입니다.', 21, 0, '일반재산의 연간 대부료는 재산 평정가격의 1천분의 50 이상으로 한다.'),
      said(' 경작용으로 빌리면 1천분의 10 이상으로 낮아집니다.', 21, 0, '경작용으로 대부하는 경우에는 1천분의 10 이상으로 할 수 있다.'),
      said(' 대부료는 미리 내야 하고, 100만 원을 넘으면 이자 없이 네 번까지 나누어 낼 수 있습니다.', 21, 0, '100만 원을 넘으면 한 해에 네 번까지 나누어 낼 수 있다', 'partly'),
    ],
    follow_ups: ['대부 기간은 갱신할 수 있나요?', '대부는 어떻게 신청하나요?'],
  },
  {
    match: /延長|開館|何時/,
    standalone: '借りた図書の貸出期間は延長できますか？',
    queries: ['図書 貸出 延長'],
    sentences: [
      said('次の予約が入っていなければ、返却期限までに一度だけ2週間延長できます。', 31, 0, '次の予約が入っていなければ、返却期限までに一度だけ2週間延長できます。'),
      said('延長は窓口、電話、ウェブサイトで受け付けます。', 31, 0, '延長は窓口、電話、ウェブサイトで受け付けます。'),
    ],
    follow_ups: ['開館時間は何時までですか？'],
  },
  {
    match: /図書|借り|貸出|本/,
    queries: ['図書 貸出 冊数 期間'],
    sentences: [
      said('図書は一人**10冊まで**、2週間借りることができます。', 31, 0, '図書は一人10冊まで、2週間借りることができます。'),
      said('市内に住む方や通勤・通学する方なら、どなたでも利用登録できます。', 31, 2, '市内に住む方、通勤または通学する方はどなたでも登録できます。'),
      said('\n\n登録には本人確認書類と手数料が必要です。', 31, 2, '本人と住所を確認できるものをお持ちください。', 'partly'),
    ],
    follow_ups: ['貸出期間は延長できますか？', '開館時間を教えてください'],
  },
];

/** Folders of an invented machine. */
export const folders = {
  '/home/ada': ['Documents', 'Downloads', 'Projects'],
  '/home/ada/Documents': ['Handbook', 'Minutes', '규정집'],
  '/home/ada/Documents/Handbook': [],
  '/home/ada/Documents/Minutes': ['2025', '2026'],
  '/home/ada/Documents/규정집': [],
  '/home/ada/Downloads': [],
  '/home/ada/Projects': [],
  '/home': ['ada'],
  '/': ['home', 'srv'],
  '/srv': ['handbook'],
  '/srv/handbook': [],
};
