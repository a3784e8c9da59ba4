import type { Phrases } from "./phrases.ts";

export const traditionalChinese: Phrases = {
  minutes: "{count}分鐘",
  seconds: "{count}秒",
  names: { amount: "金額", payee: "收款方" },
  confirming: "（用於確認{details}）",
  sms: "{code} 是您的{app}驗證碼{confirming}。{lifetime}內有效，請勿告訴任何人。",
  compact: "{code} 是您的{app}驗證碼{confirming}。請勿告訴任何人。",
  speech: {
    before: "您的{app}驗證碼{confirming}是：",
    after: "{lifetime}內有效，請勿告訴任何人。",
  },
  mail: {
    subject: "您的{app}驗證碼",
    code: "{code} 是您的{app}驗證碼。",
    confirms: "此驗證碼用於確認：",
    expires: "此驗證碼{lifetime}內有效。",
    warning: "請勿告訴任何人，包括自稱{app}工作人員的人。如果不是您本人的操作，請忽略此訊息。",
  },
};
