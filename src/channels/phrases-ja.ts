import type { Phrases } from "./phrases.ts";

export const japanese: Phrases = {
  minutes: "{count}分",
  seconds: "{count}秒",
  names: { amount: "金額", payee: "受取人" },
  confirming: "({details})",
  sms: "{code} は{app}の認証コードです{confirming}。{lifetime}間有効です。誰にも教えないでください。",
  compact: "{code} は{app}の認証コードです{confirming}。誰にも教えないでください。",
  speech: {
    before: "{app}の認証コード{confirming}をお伝えします。",
    after: "このコードは{lifetime}間有効です。誰にも教えないでください。",
  },
  mail: {
    subject: "{app}の認証コード",
    code: "{code} は{app}の認証コードです。",
    confirms: "このコードで承認する内容:",
    expires: "このコードは{lifetime}間有効です。",
    warning: "{app}の担当者を名乗る人も含め、誰にも教えないでください。お心当たりがない場合は、このメッセージを無視してください。",
  },
};
