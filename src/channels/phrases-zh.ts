import type { Phrases } from "./phrases.ts";

export const simplifiedChinese: Phrases = {
  minutes: "{count}分钟",
  seconds: "{count}秒",
  names: { amount: "金额", payee: "收款方" },
  confirming: "（用于确认{details}）",
  sms: "{code} 是您的{app}验证码{confirming}。{lifetime}内有效，请勿告诉任何人。",
  compact: "{code} 是您的{app}验证码{confirming}。请勿告诉任何人。",
  speech: {
    before: "您的{app}验证码{confirming}是：",
    after: "{lifetime}内有效，请勿告诉任何人。",
  },
  mail: {
    subject: "您的{app}验证码",
    code: "{code} 是您的{app}验证码。",
    confirms: "此验证码用于确认：",
    expires: "此验证码{lifetime}内有效。",
    warning: "请勿告诉任何人，包括自称{app}工作人员的人。如果不是您本人的操作，请忽略此消息。",
  },
};
