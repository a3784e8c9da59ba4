/** A call as somebody would write it elsewhere. */

export type Called = {
  /** `countersign.v1.CodeService` */
  readonly service: string;
  /** `SendCode` */
  readonly method: string;
  readonly request: unknown;
};

export type Places = { readonly http: string; readonly grpc: string };

export const curl = ({ service, method, request }: Called, { http }: Places): string =>
  `curl -s ${http}/${service}/${method} \\\n  -H 'content-type: application/json' \\\n  -d ${quote(JSON.stringify(request, null, 2))}\n`;

export const grpcurl = ({ service, method, request }: Called, { grpc }: Places): string =>
  `grpcurl -plaintext -d ${quote(JSON.stringify(request, null, 2))} \\\n  ${grpc} ${service}/${method}\n`;

export function typescript({ service, method, request }: Called, { http }: Places): string {
  const [name, schema] = [method[0]?.toLowerCase() + method.slice(1), `${method}RequestSchema`];
  const type = service.split(".").at(-1) ?? service;
  const file = type.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return `import { fromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ${type}, ${schema} } from "./gen/countersign/v1/${file}_pb.js";

const transport = createConnectTransport({ baseUrl: "${http}", httpVersion: "1.1" });
const client = createClient(${type}, transport);

const answer = await client.${name}(fromJson(${schema}, ${JSON.stringify(request, null, 2)}));
console.log(answer);
`;
}

/** For a POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
