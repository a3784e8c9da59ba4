import { z } from "zod";
import { isLoopback, parseAddress } from "./address.ts";
import { checked, secret, text } from "./forms.ts";

const endpointForm = "the http:// or https:// URL that takes OTLP traces over HTTP, such as http://127.0.0.1:4318/v1/traces";
const ratioForm = "the share of traces that begin here and are kept, a number from 0 to 1";
const headerForm = "a header's name of letters, digits and hyphens; host, content-* and those of the connection are the service's own";
const reserved = /^(?:content-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect)$/i;

const headerName = z.string().refine((name) => /^[A-Za-z0-9-]{1,64}$/.test(name) && !reserved.test(name), `write ${headerForm}`);

const headers = z
  .record(headerName, secret(text("a header's value of 1 to 4096 visible ASCII characters and spaces", /^[\x20-\x7e]{1,4096}$/)), {
    error: "write a group of headers (name: value)",
  })
  .refine((group) => Object.keys(group).length <= 16, "write at most 16 headers")
  .default({});

/** Where the traces of calls go, and how many of them. */
export const tracingSettings = z
  .strictObject({
    endpoint: checked(endpointForm, (value) => (isEndpoint(value) ? undefined : `is no such address: write ${endpointForm}`)),
    headers,
    sampleRatio: z
      .number({ error: `write ${ratioForm}` })
      .min(0, `write ${ratioForm}`)
      .max(1, `write ${ratioForm}`)
      .default(0.01)
      .meta({ description: ratioForm }),
    serviceName: text("a name of 1 to 64 characters of A-Z a-z 0-9 . _ -", /^[A-Za-z0-9._-]{1,64}$/).default("countersign"),
  })
  .refine((tracing) => Object.keys(tracing.headers).length === 0 || isSafeForSecrets(tracing.endpoint), {
    path: ["endpoint"],
    error: "write an https:// URL, or leave headers out: without encryption everybody on the way could read them",
  });

export type TracingSettings = z.output<typeof tracingSettings>;

function isEndpoint(value: string): boolean {
  const url = URL.parse(value);
  if (!url || value.length > 2048 || !/^https?:\/\//i.test(value) || /[\s\\]/.test(value)) return false;
  return url.username === "" && url.password === "" && !value.includes("#");
}

/** The name of another machine of a cluster may be protected by other means, which cannot be seen from here. */
function isSafeForSecrets(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  if (url?.protocol === "https:") return true;
  const address = url && parseAddress(`${url.hostname}:${url.port || "80"}`);
  return address !== null && address !== undefined && isLoopback(address);
}
