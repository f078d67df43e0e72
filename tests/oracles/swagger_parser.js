// The npm package @apidevtools/swagger-parser as an oracle; see tests/it/connector.
//
//     npm install @apidevtools/swagger-parser@12
//
// usage: swagger_parser.js       a definition a line: "ok", or what is wrong with it, in one line
//
// TRIPLINE_NODE_MODULES names the node_modules folder that has it.

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const path = require("node:path");

const modules = path.resolve(process.env.TRIPLINE_NODE_MODULES);
const SwaggerParser = createRequire(path.join(modules, "x.js"))("@apidevtools/swagger-parser");

async function answer(line) {
  try {
    await SwaggerParser.validate(JSON.parse(line));
    return "ok";
  } catch (error) {
    return `refused ${error.message.replace(/\s+/g, " ")}`;
  }
}

(async () => {
  for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) console.log(await answer(line));
})();
