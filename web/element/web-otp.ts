type OtpRequest = CredentialRequestOptions & { readonly otp: { readonly transport: readonly ["sms"] } };

/** Asks the browser to read the code out of the SMS, where it can (WebOTP); resolves to nothing where it cannot, or may not. */
export async function readSms(signal: AbortSignal): Promise<string | undefined> {
  if (!("OTPCredential" in globalThis)) return undefined;
  try {
    const request: OtpRequest = { otp: { transport: ["sms"] }, signal };
    const credential = await navigator.credentials.get(request);
    return credential && "code" in credential ? String(credential.code) : undefined;
  } catch {
    return undefined;
  }
}
