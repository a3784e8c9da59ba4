// Run by mongosh beside mongodb-1. May be run again.
const { readFileSync } = require("node:fs");

const secret = (name) => readFileSync(`/run/secrets/${name}`, "utf8").trim();
const admin = db.getSiblingDB("admin");

function isFounded() {
  try {
    return admin.auth("root", secret("mongodb-root-password")).ok === 1;
  } catch {
    return false;
  }
}

function found() {
  try {
    rs.initiate({
      _id: "rs0",
      members: [1, 2, 3].map((number) => ({ _id: number, host: `mongodb-${number}:27017`, priority: number === 1 ? 2 : 1 })),
    });
  } catch (error) {
    // Founded by a run that ended before it made the user.
    if (error.codeName !== "AlreadyInitialized") throw error;
  }
  for (let attempt = 0; !db.hello().isWritablePrimary; attempt += 1) {
    if (attempt === 120) throw new Error("mongodb-1 did not become primary within a minute");
    sleep(500);
  }
  admin.createUser({ user: "root", pwd: secret("mongodb-root-password"), roles: ["root"] });
  admin.auth("root", secret("mongodb-root-password"));
}

if (!isFounded()) found();
const countersign = db.getSiblingDB("countersign");
// In its own database, which is where the URL of the service looks for the user; the indexes are made with the same role.
if (countersign.getUser("countersign") === null) {
  countersign.createUser({ user: "countersign", pwd: secret("mongodb-password"), roles: [{ role: "readWrite", db: "countersign" }] });
}
