import type { Phrases } from "./phrases.ts";

export const hindi: Phrases = {
  minutes: "{count} मिनट",
  seconds: "{count} सेकंड",
  names: { amount: "राशि", payee: "प्राप्तकर्ता" },
  confirming: " ({details} की पुष्टि के लिए)",
  sms: "{code} आपका {app} कोड है{confirming}। {lifetime} तक मान्य। किसी को न बताएं।",
  compact: "{code} आपका {app} कोड है{confirming}। किसी को न बताएं।",
  speech: {
    before: "आपका {app} कोड{confirming} है:",
    after: "यह {lifetime} में समाप्त होगा। इसे किसी को न बताएं।",
  },
  mail: {
    subject: "आपका {app} कोड",
    code: "{code} आपका {app} कोड है।",
    confirms: "यह इसकी पुष्टि करता है:",
    expires: "यह {lifetime} में समाप्त होगा।",
    warning: "इसे किसी को न बताएं, उन्हें भी नहीं जो कहें कि वे {app} से हैं। अगर आपने यह कोड नहीं मांगा है, तो इस संदेश को अनदेखा करें।",
  },
};
