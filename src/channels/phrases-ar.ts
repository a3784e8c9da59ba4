import type { Phrases } from "./phrases.ts";

export const arabic: Phrases = {
  minutes: "{count, plural, one {دقيقة واحدة} two {دقيقتين} few {# دقائق} many {# دقيقة} other {# دقيقة}}",
  seconds: "{count, plural, one {ثانية واحدة} two {ثانيتين} few {# ثوانٍ} many {# ثانية} other {# ثانية}}",
  names: { amount: "المبلغ", payee: "المستفيد" },
  confirming: " لتأكيد {details}",
  sms: "{code} هو رمزك في {app}{confirming}. ينتهي خلال {lifetime}. لا تشاركه مع أحد.",
  compact: "{code} هو رمزك في {app}{confirming}. لا تشاركه مع أحد.",
  speech: {
    before: "رمزك في {app}{confirming} هو:",
    after: "تنتهي صلاحيته خلال {lifetime}. لا تشاركه مع أحد.",
  },
  mail: {
    subject: "رمزك في {app}",
    code: "{code} هو رمزك في {app}.",
    confirms: "يؤكد هذا الرمز:",
    expires: "تنتهي صلاحيته خلال {lifetime}.",
    warning: "لا تشاركه مع أحد، حتى مع من يقول إنه من {app}. إذا لم تطلب هذا الرمز فتجاهل هذه الرسالة.",
  },
};
