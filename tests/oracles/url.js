// Node's URL, a parser after the WHATWG standard, as an oracle for callback URLs; see tests/it/webhook_oracles.rs.
//
// usage: url.js       a JSON string a line on stdin: for each what URL finds in it, as JSON, or null where it finds no URL

const { readFileSync } = require("node:fs");

const seen = (line) => {
  let url;
  try {
    url = new URL(JSON.parse(line));
  } catch {
    return "null";
  }
  const { protocol, username, password, hostname, port, pathname, search, hash } = url;
  return JSON.stringify({ protocol, username, password, hostname, port, pathname, search, hash });
};

console.log(readFileSync(0, "utf8").split("\n").filter(Boolean).map(seen).join("\n"));
