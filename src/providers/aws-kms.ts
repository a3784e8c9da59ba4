import type http from "node:http";
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleType } from "cockatiel";
import type { KeyPurpose, KeyService } from "../otp/authenticator-ports.ts";
import { KeyServiceUnavailable } from "../otp/refusal.ts";
import { awsEndpoint, awsOptions, type SignedRequest, toPost, within } from "./aws-client.ts";
import type { AwsKmsConfig } from "./aws-kms-config.ts";
import { NoAnswer, postOnce } from "./post-once.ts";
import { createVendorAgent } from "./vendor-agent.ts";

export type ClosableKeyService = KeyService & { close(): void };

const dataKeyBytes = 32;

/** So many failures in a row, and nobody waits for it any more: one question at a time tries whether it is back. */
const failuresInRow = 3;
const tryAgainMs = 1_000;

/** Loading the SDK takes some 100 ms, so that only who uses it pays. */
export async function createAwsKms(config: AwsKmsConfig): Promise<ClosableKeyService> {
  const { KMSClient, GenerateDataKeyCommand, DecryptCommand } = await import("@aws-sdk/client-kms");
  const agent = createVendorAgent(config.baseUrl);
  const endpoint = config.baseUrl ?? awsEndpoint("kms", config.region);
  const client = new KMSClient({ ...awsOptions(config, endpoint), requestHandler: createHandler(agent) });
  const circuit = circuitBreaker(handleType(KeyServiceUnavailable), {
    halfOpenAfter: tryAgainMs,
    breaker: new ConsecutiveBreaker(failuresInRow),
  });
  const ask = <Answer>(send: (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>): Promise<Answer | undefined> =>
    unlessBroken(() =>
      circuit.execute(async () => {
        const abortSignal = AbortSignal.timeout(config.timeoutSeconds * 1000);
        try {
          await within(abortSignal, client.config.credentials());
          return await send({ abortSignal });
        } catch (error) {
          if (isNotOurs(error)) return undefined;
          throw new KeyServiceUnavailable(new Error(`AWS KMS: ${abortSignal.aborted ? "timeout" : reasonOf(error)}`));
        }
      }),
    );
  return {
    async makeDataKey(purpose) {
      const made = await ask((options) =>
        client.send(
          new GenerateDataKeyCommand({ KeyId: config.keyId, KeySpec: "AES_256", EncryptionContext: contextOf(purpose) }),
          options,
        ),
      );
      const wrapped = made?.CiphertextBlob;
      if (!wrapped || wrapped.length === 0) throw unusable();
      return { key: takeKey(made.Plaintext), wrapped };
    },
    async openDataKey(wrapped, purpose) {
      if (wrapped.length === 0) return undefined;
      // With the key's own name, or whoever can write to the database could have it opened by another key that this account may use.
      const opened = await ask((options) =>
        client.send(new DecryptCommand({ KeyId: config.keyId, CiphertextBlob: wrapped, EncryptionContext: contextOf(purpose) }), options),
      );
      return opened && takeKey(opened.Plaintext);
    },
    close() {
      client.destroy();
      agent.destroy();
    },
  };
}

const contextOf = (purpose: KeyPurpose): Record<string, string> => ({ ...purpose });

/** What the SDK decoded is overwritten; the text that it came in stays until the garbage collector has its memory. */
function takeKey(bytes: Uint8Array | undefined): Buffer {
  if (bytes?.length !== dataKeyBytes) throw unusable();
  const key = Buffer.from(bytes);
  bytes.fill(0);
  return key;
}

const unusable = (): KeyServiceUnavailable => new KeyServiceUnavailable(new Error("AWS KMS: it answered without a data key"));

/**
 * The ciphertext was altered, belongs to another encryption context, or to another key. Whatever else it says is about the key, the
 * account or the moment: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
 */
const isNotOurs = (error: unknown): boolean =>
  error instanceof Error && ["InvalidCiphertextException", "IncorrectKeyException"].includes(error.name);

/** The name alone: what hangs on an error of the SDK, such as a body that could not be read, may hold the key. */
function reasonOf(error: unknown): string {
  if (error instanceof NoAnswer) return error.failure;
  return error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : "unknown";
}

async function unlessBroken<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof BrokenCircuitError)) throw error;
    throw new KeyServiceUnavailable(new Error("AWS KMS: it has failed several times in a row and is tried again in a moment"));
  }
}

/** The SDK's own handler reads bodies of any size. Nothing is lost when a question is asked twice, but nobody waits for that here. */
const createHandler = (agent: http.Agent) => ({
  async handle(request: SignedRequest, { abortSignal }: { abortSignal?: unknown } = {}) {
    if (!(abortSignal instanceof AbortSignal)) throw new TypeError("a request needs a signal");
    const answer = await postOnce({ ...toPost(request), agent, signal: abortSignal });
    return { response: { statusCode: answer.status, headers: {}, body: Buffer.from(answer.body) } };
  },
});
