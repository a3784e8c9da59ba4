import { expect, test } from "vitest";
import { aSecret, loadGood, problemsOf, production } from "./production.ts";

const keyId = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const access = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };

const withKeys = (...authenticatorKeys: readonly unknown[]) => {
  const document = production();
  return { ...document, secrets: { ...document.secrets, authenticatorKeys } };
};
const kms = (more: object = {}) => ({ id: "kms", awsKms: { keyId, region: "eu-central-1", accessKey: access, ...more } });

test("a key of AWS KMS stands beside others, in any order, and its secret may come from elsewhere", () => {
  const accessKey = { ...access, secret: { env: "AWS_KMS_SECRET" } };
  const { authenticatorKeys } = loadGood(withKeys(kms({ accessKey }), { id: "old", secret: aSecret() }), { AWS_KMS_SECRET: access.secret });
  expect(authenticatorKeys).toEqual([
    {
      id: "kms",
      awsKms: { keyId, region: "eu-central-1", accessKey: access, findCredentials: false, timeoutSeconds: 2, cacheSeconds: 3600 },
    },
    { id: "old", secret: expect.any(Buffer) },
  ]);
});

test.each([
  keyId,
  keyId.replace(/.*key\//, ""),
  "mrk-1234abcd12ab34cd56ef1234567890ab",
  "alias/countersign",
  "arn:aws:kms:eu-central-1:111122223333:alias/aws/x",
  "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
])("a key may be named %s", (name) => {
  expect(problemsOf(withKeys(kms({ keyId: name })))).toEqual([]);
});

test.each([
  [{ id: "a" }, "secrets.authenticatorKeys[0].secret is missing: write either secret, as make-secret prints it, or awsKms"],
  [
    { ...kms(), secret: aSecret() },
    /^secrets\.authenticatorKeys\[0\]\.secret cannot be used: write either secret, as make-secret prints it, or awsKms$/,
  ],
  [kms({ keyId: "my-key" }), /^secrets\.authenticatorKeys\[0\]\.awsKms\.keyId cannot be used: write the ARN or id of a symmetric key/],
  [kms({ region: "Frankfurt" }), /awsKms\.region cannot be used: write the AWS region of the key, such as eu-central-1$/],
  [kms({ accessKey: undefined }), /awsKms\.accessKey is missing: write either accessKey or findCredentials: true$/],
  [kms({ findCredentials: true }), /awsKms\.accessKey is a group of settings: write either accessKey or findCredentials: true$/],
  [kms({ baseUrl: "http://kms.example.com" }), /awsKms\.baseUrl cannot be used: write an https:\/\/ origin/],
  [kms({ timeoutSeconds: 6 }), /awsKms\.timeoutSeconds is 6: write seconds from 0\.5 to 5$/],
  [kms({ cacheSeconds: 59 }), /awsKms\.cacheSeconds is 59: write seconds from 60 to 86400, a whole number$/],
  [kms({ retries: 3 }), /awsKms\.retries is unknown/],
])("%#: what is wrong is named, with what to write, and no secret is repeated", (key, problem) => {
  const problems = problemsOf(withKeys(key));
  expect(problems).toEqual([typeof problem === "string" ? problem : expect.stringMatching(problem)]);
  expect(problems.join()).not.toContain(access.secret);
});

test("two entries need two ids, whatever their kind", () => {
  expect(problemsOf(withKeys(kms(), { id: "kms", secret: aSecret() }))).toEqual([
    expect.stringMatching(/^secrets\.authenticatorKeys\[1\]\.id is the id of another authenticator key/),
  ]);
});
