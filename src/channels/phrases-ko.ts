import type { Phrases } from "./phrases.ts";

export const korean: Phrases = {
  minutes: "{count}분",
  seconds: "{count}초",
  names: { amount: "금액", payee: "받는 분" },
  confirming: "({details})",
  sms: "{code} {app} 인증번호입니다{confirming}. {lifetime} 후 만료됩니다. 아무에게도 알려주지 마세요.",
  compact: "{code} {app} 인증번호입니다{confirming}. 아무에게도 알려주지 마세요.",
  speech: {
    before: "{app} 인증번호{confirming}를 알려드립니다.",
    after: "이 번호는 {lifetime} 후 만료됩니다. 아무에게도 알려주지 마세요.",
  },
  mail: {
    subject: "{app} 인증번호",
    code: "{code} {app} 인증번호입니다.",
    confirms: "이 번호로 승인하는 내용:",
    expires: "이 번호는 {lifetime} 후 만료됩니다.",
    warning: "{app} 직원이라고 말하는 사람을 포함하여 아무에게도 알려주지 마세요. 직접 요청하지 않았다면 이 메시지를 무시하세요.",
  },
};
